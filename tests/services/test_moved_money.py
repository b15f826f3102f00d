"""Money that staff matched to another order goes back to the order it was meant for, when that one can use it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from oscar.core.loading import get_class, get_model

from oscar_mpesa.models import MpesaAllocation, MpesaOrder, MpesaOutboxMessage, MpesaReceipt
from oscar_mpesa.services.allocation import allocate, move_allocation
from oscar_mpesa.services.order_closure import close_order
from tests.commit_hooks import commit_hooks
from tests.services.money import change_total, surplus_moved_to_another_order
from tests.shop import later, new_order, new_payment, new_staff_user, pay

pytestmark = pytest.mark.django_db(transaction=True)

Order = get_model("order", "Order")


@pytest.fixture
def staff(db: Any) -> Any:
    return new_staff_user("match_receipt", "close_order")


def cancel(order: Any) -> None:
    with commit_hooks():
        get_class("order.processing", "EventHandler")().handle_order_status_change(order, "Cancelled")


def test_money_of_a_canceled_order_pays_the_order_it_was_meant_for(staff: Any) -> None:
    first, other = surplus_moved_to_another_order(staff)
    first.total_incl_tax = Decimal("2000.00")
    first.save()
    before = MpesaOrder.objects.get(pk=first.pk).balance

    cancel(Order.objects.get(pk=other.pk))

    receipt = MpesaReceipt.objects.get(number="ODA0000002")
    assert before == 500
    assert MpesaOrder.objects.get(pk=first.pk).balance == 0
    assert (receipt.unallocated, receipt.status) == (1000, "overpaid")
    assert receipt.allocations.get(reversed_at=None).order_id == first.pk


def test_money_of_a_canceled_order_waits_if_its_first_order_is_paid(staff: Any) -> None:
    first, other = surplus_moved_to_another_order(staff)

    cancel(Order.objects.get(pk=other.pk))

    receipt = MpesaReceipt.objects.get(number="ODA0000002")
    assert (receipt.unallocated, receipt.unmatched_reason) == (1500, "order_paid")
    assert MpesaOrder.objects.get(pk=first.pk).is_paid


def test_reason_of_money_left_is_its_own_orders(staff: Any) -> None:
    first, other = new_order(), new_order(total="500.00")
    payment = new_payment(first)
    close_order(first, by=staff, now=later(1))
    pay(payment, number="ODA0000001", now=later(2))
    allocate(MpesaReceipt.objects.get(), other, by=staff, now=later(3))

    cancel(Order.objects.get(pk=other.pk))

    receipt = MpesaReceipt.objects.get()
    assert (receipt.unallocated, receipt.unmatched_reason) == (1500, "order_closed")


def messages(kind: str) -> list[int]:
    """Return the orders that messages of a kind are about, oldest first."""
    return list(MpesaOutboxMessage.objects.filter(kind=kind).order_by("pk").values_list("mpesa_order_id", flat=True))


def test_customers_of_both_orders_hear_of_a_part_payment_that_moves(staff: Any) -> None:
    first, other = new_order(total="1500.00"), new_order(total="3000.00")
    payment = new_payment(first)
    change_total(first, "2000.00", at=1)
    pay(payment, number="ODA0000001", now=later(5))
    before = messages("part_paid_email")

    moved = move_allocation(MpesaAllocation.objects.get(), other, by=staff, note="hers", now=later(60))
    move_allocation(moved, Order.objects.get(pk=first.pk), by=staff, note="no, his", now=later(90))

    assert before == [first.pk]
    assert messages("part_paid_email") == [first.pk, other.pk]


@pytest.mark.parametrize("kind", ["receipt_unmatched", "unmatched_email"])
def test_money_that_another_order_frees_again_is_announced_for_it(staff: Any, kind: str) -> None:
    first, other = surplus_moved_to_another_order(staff)
    before = messages(kind)

    change_total(other, "1000.00", at=2000)
    change_total(other, "900.00", at=2100)

    assert before == [first.pk]
    assert MpesaReceipt.objects.get(number="ODA0000002").unallocated == 600
    assert messages(kind) == [first.pk, other.pk]
