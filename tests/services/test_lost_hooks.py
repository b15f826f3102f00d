"""A process ends right after its commit, before the hooks ran: ``reconcile`` does what they would have done.

These tests run in a transaction, in which no hook runs.
"""

from __future__ import annotations

from typing import Any

import pytest

from oscar_mpesa.services.ledger_check import check_ledger
from oscar_mpesa.services.order_changes import apply_status
from oscar_mpesa.services.reconciliation import Kind, reconcile
from tests.services.money import (
    PERMISSIONS,
    balance,
    change_total,
    money,
    row,
    surplus_moved_to_another_order,
)
from tests.shop import later, new_staff_user

pytestmark = pytest.mark.django_db

MOVED = "ODA0000002"


def reassessed(at: float) -> list[int]:
    return [step.pk for step in reconcile(lambda: later(at)) if step.kind is Kind.MONEY]


@pytest.fixture
def orders() -> Any:
    """Create an order that was paid twice, and the one to which staff matched the surplus."""
    return surplus_moved_to_another_order(new_staff_user(*PERMISSIONS))


def cancel(order: Any) -> None:
    """Cancel an order and close it, but lose what follows the commit of that."""
    type(order)._base_manager.filter(pk=order.pk).update(status="Cancelled")
    apply_status(order, now=later(2100))


def test_freed_money_pays_the_order_it_was_meant_for(orders: Any) -> None:
    first, other = orders
    change_total(first, "2000.00", at=2000)
    cancel(other)
    waiting = (money(MOVED), balance(first))

    once, twice = reassessed(3000), reassessed(3060)

    assert waiting == (("unmatched", 1500, "order_canceled"), (False, 500))
    assert (once, len(twice), balance(first)) == ([row(first).order.mpesa_receipts.get(number=MOVED).pk], 0, (True, 0))
    assert (money(MOVED), list(check_ledger())) == (("overpaid", 1000, "order_paid"), [])


def test_money_that_its_order_can_not_use_is_left_alone(orders: Any) -> None:
    first, other = orders
    cancel(other)

    assert (reassessed(3000), balance(first), money(MOVED)[0]) == ([], (True, 0), "overpaid")
