"""What each step costs in queries, pinned: BEGIN, COMMIT and savepoints counted, types warm, mail apart."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.urls import reverse
from oscar.core.loading import get_model

from oscar_mpesa.models import DueKind, MpesaPayment
from tests.counting import Count, counted
from tests.shop import new_order, new_payment, new_product, pay, post, success
from tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _warm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Types exist already; mails, and the cascade to lines that is the sandbox shop's own, are apart."""
    pay(new_payment(), number="OD000WARM0")
    monkeypatch.setattr("oscar_mpesa.lifecycle.due.OWED_WITH_MONEY", (DueKind.ORDER_PAID,))
    monkeypatch.setattr(get_model("order", "Order"), "cascade", {})


def first_callback(*, lines: int) -> Count:
    payment = new_payment(new_order(lines=lines))
    body = success(payment, number=f"OD{payment.pk:08d}")
    with counted() as count:
        post(payment, body)
    assert MpesaPayment.objects.get(pk=payment.pk).status == "completed"
    return count


def test_the_first_success_of_a_one_line_order() -> None:
    count = first_callback(lines=1)

    assert len(count) <= 28, str(count)


def test_each_further_line_costs_at_most_two_more() -> None:
    one, five = first_callback(lines=1), first_callback(lines=5)

    assert len(five) - len(one) <= 4 * 2, str(five)


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


def test_placing_an_order_costs_at_most_thirteen_more_than_plain_oscar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oscar.apps.checkout.mixins.OrderPlacementMixin.send_order_placed_email", lambda *_: None)
    monkeypatch.setattr("sandbox_site.checkout.views.PaymentDetailsView.handle_payment", lambda *_, **__: None)

    plain, mpesa = placing("cod"), placing("mpesa")

    assert len(mpesa) - len(plain) <= 13, f"{plain}\n\n{mpesa}"


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
