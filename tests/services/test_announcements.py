"""Announce that an order is paid, or that its money went away (L14)."""

from __future__ import annotations

from typing import Any

import pytest
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaAllocation
from oscar_mpesa.services.allocation import reverse_allocation
from oscar_mpesa.services.claims import withdraw_claim
from tests.services.concurrent_changes import broken_books, broken_shop
from tests.services.money import (
    FIRST,
    SECOND,
    balance,
    change_total,
    claim_for,
    order_of,
    paid_order,
    reassess,
    receipt,
    row,
    set_status,
    signals,
    twice_paid,
)
from tests.services.refunds import RETURNED, refund
from tests.shop import later, new_order, new_payment, pay

pytestmark = pytest.mark.django_db

Order = get_model("order", "Order")


def refused_order(*, status: bool = True) -> Any:
    """Create an order with money that the shop's own code refused to book."""
    payment = new_payment()
    with broken_shop() if status else broken_books():
        pay(payment, number=FIRST)
    return order_of(payment)


def entry(order: Any) -> MpesaAllocation:
    return MpesaAllocation.objects.active().get(order=order)


def events(order: Any) -> list[tuple[str, int, int]]:
    """Return the names, amounts and numbers of lines of an order's payment events."""
    return [(each.event_type.name, each.amount, each.lines.count()) for each in order.payment_events.order_by("pk")]


# Announcements


@pytest.mark.parametrize("how", ["canceled", "unmatched", "returned"])
def test_order_that_loses_its_money_is_announced_once(staff: Any, how: str) -> None:
    order = paid_order()

    if how == "canceled":
        set_status(order, "Cancelled")
    elif how == "unmatched":
        reverse_allocation(entry(order), by=staff, note="another order's", now=later(800))
    else:
        refund(receipt(), staff, amount=500, purpose=RETURNED)
    reassess(order, at=900)

    assert signals(order) == ["order_paid 1", "order_unpaid 1"]


def test_withdrawn_claim_leaves_its_order_unpaid(staff: Any) -> None:
    order = new_order(status="Pending")
    claim = claim_for(order, staff)

    withdraw_claim(claim, by=staff, note="typed twice", now=later(800))

    assert (signals(order), balance(order)) == (["order_paid 1", "order_unpaid 1"], (False, 1500))


def test_full_credit_refund_leaves_the_order_paid(staff: Any) -> None:
    order = paid_order()

    refund(receipt(), staff)

    assert (signals(order), balance(order)) == (["order_paid 1"], (True, 0))


def test_dearer_paid_order_is_announced_neither_unpaid_nor_again(staff: Any) -> None:
    order = paid_order()
    change_total(order, "1800.00")
    reassess(order, at=700)
    in_between = balance(order)

    claim_for(order, staff, number=SECOND, amount=300, at=800)

    assert in_between == (False, 300)
    assert (balance(order), signals(order)) == ((True, 0), ["order_paid 1"])
    assert order_of(order).status == "Being processed"


def test_dearer_order_that_then_loses_money_is_announced_unpaid(staff: Any) -> None:
    order = paid_order()
    change_total(order, "1800.00")

    refund(receipt(), staff, amount=100, purpose=RETURNED)

    assert (balance(order), signals(order)) == ((False, 400), ["order_paid 1", "order_unpaid 1"])


def test_money_replaced_at_once_announces_nothing(staff: Any) -> None:
    order = twice_paid()

    refund(receipt(FIRST), staff)

    assert (balance(order), signals(order)) == ((True, 0), ["order_paid 1"])


def test_order_whose_booking_is_due_is_not_announced_as_unpaid(staff: Any) -> None:
    order = refused_order()

    set_status(order, "Cancelled")

    assert (signals(order), row(order).paid_count, row(order).close_reason) == ([], 0, "staff")
