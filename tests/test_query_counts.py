"""Limit the queries of each step; BEGIN, COMMIT and savepoints count, deliveries by the thread do not."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.urls import path, reverse
from oscar.apps.checkout.views import PaymentDetailsView

from oscar_mpesa.checkout.mixins import MpesaPaymentDetailsMixin
from oscar_mpesa.checkout.shop_views import with_mixin
from oscar_mpesa.models import MpesaPayment
from sandbox_site.urls import urlpatterns as sandbox_patterns
from tests.query_counts import Count, counted
from tests.shop import new_order, new_payment, new_product, pay, post, success
from tests.shopper import Shopper
from tests.wiring.checked import urlconf

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _warm(settings: Any) -> None:
    """Create Oscar's types before the count."""
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "WAKE": ""}
    pay(new_payment(), number="OD000WARM0")


def first_callback(*, lines: int) -> Count:
    payment = new_payment(new_order(lines=lines))
    body = success(payment, number=f"OD{payment.pk:08d}")
    with counted() as count:
        post(payment, body)
    assert MpesaPayment.objects.get(pk=payment.pk).status == "completed"
    return count


def test_first_success_of_a_one_line_order_costs_38_queries() -> None:
    count = first_callback(lines=1)

    assert not any("communication" in sql for sql in count)
    assert len(count) <= 38, str(count)  # two of them for the sandbox's cascade to its lines


def test_each_further_line_costs_at_most_three_queries() -> None:
    one, five = first_callback(lines=1), first_callback(lines=5)

    assert len(five) - len(one) <= 4 * 3, str(five)  # one of the three for the sandbox's cascade


def test_duplicate_callback_costs_four_queries() -> None:
    payment = new_payment()
    post(payment, success(payment))

    with counted() as count:
        post(payment, success(payment))

    assert len(count) <= 4, str(count)


def test_poll_without_a_query_costs_two_in_the_placing_session() -> None:
    shopper = Shopper()
    wait_url = shopper.buys(new_product())["Location"]
    shopper.client.get(f"{wait_url}status/")

    with counted() as count:
        answer = shopper.client.get(f"{wait_url}status/")

    assert answer.json()["state"] == "enter-pin"
    assert len(count) <= 2, str(count)


def test_poll_of_a_signed_in_user_elsewhere_costs_three(django_user_model: Any) -> None:
    user = django_user_model.objects.create_user("achieng", "achieng@example.com", "a long password")
    wait_url = Shopper().signs_in(user).buys(new_product())["Location"]
    elsewhere = Shopper().signs_in(user)

    with counted() as count:
        answer = elsewhere.client.get(f"{wait_url}status/")

    assert answer.status_code == 200
    assert len(count) <= 3, str(count)


def test_placing_an_order_costs_at_most_twenty_more_than_plain_oscar(settings: Any) -> None:
    preview = with_mixin(QuietDetailsView, MpesaPaymentDetailsMixin).as_view(preview=True)  # type: ignore[attr-defined]
    settings.ROOT_URLCONF = urlconf(path("en/checkout/preview/", preview), *sandbox_patterns)

    plain, mpesa = queries_of_placing("cod"), queries_of_placing("mpesa")

    assert len(mpesa) - len(plain) <= 20, f"{plain}\n\n{mpesa}"


class QuietDetailsView(PaymentDetailsView):
    """Oscar's own view, which takes no payment, in a shop that sends no email."""

    def send_order_placed_email(self, order: Any) -> None:
        """Send nothing."""


def queries_of_placing(method: str) -> Count:
    shopper = Shopper().puts_in_basket(new_product()).gives_address()
    shopper.chooses(method)
    if method == "mpesa":
        shopper.names_phone("0712345678")
    shopper.client.get(reverse("checkout:preview"))
    cache.clear()
    with counted() as count:
        answer = shopper.places_order()
    assert answer.status_code == 302
    return count
