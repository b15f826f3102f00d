"""What each step costs in queries, pinned: BEGIN, COMMIT and savepoints counted, types warm, mail apart."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.urls import path, reverse
from oscar.apps.checkout.views import PaymentDetailsView

from oscar_mpesa.checkout.mixins import MpesaPaymentDetailsMixin
from oscar_mpesa.integration import mixed
from oscar_mpesa.models import MessageKind, MpesaOutboxMessage, MpesaPayment
from sandbox_site.urls import urlpatterns as sandbox_patterns
from tests.query_counts import Count, counted
from tests.shop import NOON, new_order, new_payment, new_product, pay, post, success
from tests.shopper import Shopper
from tests.wiring.checked import urlconf

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _warm() -> None:
    """Let Oscar's types exist already."""
    pay(new_payment(), number="OD000WARM0")


def mailed_already(payment: MpesaPayment) -> None:
    """Have the order's mail sent before, so that its queries are apart."""
    MpesaOutboxMessage.objects.create(
        mpesa_order=payment.mpesa_order,
        kind=MessageKind.PAID_EMAIL,
        key=f"{MessageKind.PAID_EMAIL.value} order {payment.mpesa_order_id}",
        due_at=NOON,
        delivered_at=NOON,
    )


def first_callback(*, lines: int) -> Count:
    payment = new_payment(new_order(lines=lines))
    mailed_already(payment)
    body = success(payment, number=f"OD{payment.pk:08d}")
    with counted() as count:
        post(payment, body)
    assert MpesaPayment.objects.get(pk=payment.pk).status == "completed"
    return count


def test_the_first_success_of_a_one_line_order() -> None:
    count = first_callback(lines=1)

    assert not any("communication" in sql for sql in count)
    assert len(count) <= 30, str(count)  # two of them for the sandbox's cascade to its lines


def test_each_further_line_costs_at_most_three_more() -> None:
    one, five = first_callback(lines=1), first_callback(lines=5)

    assert len(five) - len(one) <= 4 * 3, str(five)  # one of the three for the sandbox's cascade


def test_a_duplicate() -> None:
    payment = new_payment()
    post(payment, success(payment))

    with counted() as count:
        post(payment, success(payment))

    assert len(count) <= 4, str(count)


def test_the_poll_without_a_question_in_the_placing_session() -> None:
    shopper = Shopper()
    wait_url = shopper.buys(new_product())["Location"]
    shopper.client.get(f"{wait_url}status/")

    with counted() as count:
        answer = shopper.client.get(f"{wait_url}status/")

    assert answer.json()["state"] == "enter-pin"
    assert len(count) <= 2, str(count)


def test_the_poll_of_a_signed_in_user_elsewhere(django_user_model: Any) -> None:
    user = django_user_model.objects.create_user("achieng", "achieng@example.com", "a long password")
    wait_url = Shopper().signs_in(user).buys(new_product())["Location"]
    elsewhere = Shopper().signs_in(user)

    with counted() as count:
        answer = elsewhere.client.get(f"{wait_url}status/")

    assert answer.status_code == 200
    assert len(count) <= 3, str(count)


def test_placing_an_order_costs_at_most_thirteen_more_than_plain_oscar(settings: Any) -> None:
    preview = mixed(QuietDetailsView, MpesaPaymentDetailsMixin).as_view(preview=True)  # type: ignore[attr-defined]
    settings.ROOT_URLCONF = urlconf(path("en/checkout/preview/", preview), *sandbox_patterns)

    plain, mpesa = placing("cod"), placing("mpesa")

    assert len(mpesa) - len(plain) <= 13, f"{plain}\n\n{mpesa}"


class QuietDetailsView(PaymentDetailsView):
    """Oscar's own view, which takes no payment, in a shop that sends no mail."""

    def send_order_placed_email(self, order: Any) -> None:
        """Send nothing."""


def placing(method: str) -> Count:
    shopper = Shopper().puts_in_basket(new_product()).gives_address()
    shopper.chooses(method)
    if method == "mpesa":
        shopper.names_phone("0708374149")
    shopper.client.get(reverse("checkout:preview"))
    cache.clear()
    with counted() as count:
        answer = shopper.places_order()
    assert answer.status_code == 302
    return count
