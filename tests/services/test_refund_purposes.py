"""Why money is refunded: a credit of its order, or a payment that goes back (L9)."""

from __future__ import annotations

from typing import Any

import pytest

from oscar_mpesa.services.allocation import allocate, resolve_receipt
from tests.services.money import (
    FIRST,
    SECOND,
    balance,
    change_total,
    order_of,
    paid_order,
    pay_amount,
    receipt,
    signals,
    twice_paid,
)
from tests.services.refunds import CREDIT, RETURNED, parts, refund
from tests.shop import later, new_payment

pytestmark = pytest.mark.django_db


def test_double_payment_is_returned_by_default_and_else_a_credit(staff: Any) -> None:
    twice_paid()

    [first] = refund(receipt(FIRST), staff, amount=500)
    change_total(order_of(first.receipt.payment), "2500.00", at=800)
    [second] = refund(receipt(FIRST), staff, amount=100, at=900, code="SKN7AAA222")

    assert (first.purpose, second.purpose) == ("payment_returned", "credit")


def test_purpose_is_the_person_s_choice(staff: Any) -> None:
    order = paid_order()

    refund(receipt(), staff, amount=500, purpose=RETURNED)
    refund(receipt(), staff, amount=300, purpose=CREDIT, code="SKN7AAA222")

    assert (balance(order), signals(order)) == ((False, 500), ["order_paid 1", "order_unpaid 1"])


@pytest.mark.parametrize("is_resolved", [False, True])
def test_money_without_an_order_is_never_a_credit(staff: Any, is_resolved: bool) -> None:
    order = twice_paid()
    if is_resolved:
        resolve_receipt(receipt(SECOND), note="waits for her number", by=staff, now=later(600))

    refunds = refund(receipt(SECOND), staff, amount=500, purpose=CREDIT)

    assert (parts(refunds), balance(order)) == ([(is_resolved, 500, "payment_returned")], (True, 0))


def test_asked_purpose_is_only_that_of_the_matched_part(staff: Any) -> None:
    payment = new_payment()
    allocate(pay_amount(payment, 2000), order_of(payment), by=staff, now=later(99))

    refunds = refund(receipt(), staff, amount=700, purpose=CREDIT)

    assert parts(refunds) == [(False, 500, "payment_returned"), (True, 200, "credit")]
    assert balance(order_of(payment)) == (True, 0)
