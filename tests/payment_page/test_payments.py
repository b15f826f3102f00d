"""An attempt with what came after it, and a story in a line."""

from __future__ import annotations

import pytest

from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.payment_page.payments import page_text, payments_from
from oscar_mpesa.payment_page.state import payment_page
from tests.query_counts import counted
from tests.shop import ANOTHER, failure, later, new_order, new_payment, pay, post

pytestmark = pytest.mark.django_db


def numbers(payments: list[MpesaPayment]) -> list[str | None]:
    return [getattr(payment, "receipt_number", None) for payment in payments]


def test_an_attempt_comes_with_the_later_ones_of_its_order_in_one_query() -> None:
    new_payment()
    order = new_order()
    first = new_payment(order)
    post(first, failure(first), now=later(10))
    second = new_payment(order, phone=ANOTHER, now=later(20))
    new_payment(now=later(30))

    with counted() as count:
        found = payments_from(first.pk)

    assert found == [second, first]
    assert payments_from(second.pk) == [second]
    assert len(count) == 1, str(count)


def test_each_attempt_knows_its_own_receipt() -> None:
    order = new_order()
    first = new_payment(order)
    post(first, failure(first), now=later(10))
    pay(new_payment(order, phone=ANOTHER, now=later(20)), number="OD123ABC45")

    assert numbers(payments_from(first.pk)) == ["OD123ABC45", None]


def test_there_is_nothing_from_a_payment_that_does_not_exist() -> None:
    assert payments_from(10**9) == []


def test_a_line_holds_the_decisions_about_money_too() -> None:
    order = new_order()
    payment = pay(new_payment(order))
    payment.receipts.update(allocation="returned", returned_amount=1500, returned_reference="OD999ABC99")
    order.refresh_from_db()

    line = page_text(payment_page(payments_from(payment.pk)[0], now=later(60)))

    assert "OD123ABC45" in line
    assert not line.startswith("Payment received.")
