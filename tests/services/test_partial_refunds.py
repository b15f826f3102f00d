"""A partly refunded receipt keeps its allocation, and its rest still counts (M6, M7)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from oscar.core.loading import get_class, get_model

from oscar_mpesa.models import Allocation, MpesaOrder, MpesaReceipt
from oscar_mpesa.services.exceptions import (
    InvalidAmount,
    InvalidTime,
    NoDecisionNeeded,
    PartlyRefunded,
    RefundCodeKnown,
    RefundKnown,
    TimeInFuture,
)
from oscar_mpesa.services.receipt_decisions import allocate_receipt, record_refund
from tests.services.refunds import refund
from tests.services.unmatched import fresh, surplus, unallocated
from tests.shop import later, new_payment, new_staff_user, pay, post, success

pytestmark = pytest.mark.django_db

Order = get_model("order", "Order")


@pytest.fixture
def staff() -> Any:
    return new_staff_user("record_return")


def test_partial_refund_must_be_positive_and_at_most_the_amount(staff: Any) -> None:
    receipt = surplus()

    for amount in ("0", "-1", "1500.01", "0.001", "NaN", "Infinity"):
        with pytest.raises(InvalidAmount):
            refund(receipt, staff, amount=amount)
    refund(receipt, staff, amount="500.50")
    with pytest.raises(InvalidAmount):
        refund(receipt, staff, amount="999.51", code="SKN7AAA222")
    in_part = fresh(receipt)
    refund(receipt, staff, amount="999.50", code="SKN7AAA222")

    assert (in_part.returned_amount, in_part.allocation) == (Decimal("500.50"), Allocation.SURPLUS)
    assert (fresh(receipt).returned_amount, fresh(receipt).allocation) == (1500, Allocation.RETURNED)


def test_partly_refunded_order_is_still_paid(staff: Any) -> None:
    payment = pay(new_payment())
    refund(MpesaReceipt.objects.get(), staff, amount=200)
    refund(MpesaReceipt.objects.get(), staff, amount=300, code="SKN7AAA222")

    post(payment, success(payment, number="OD222BBB22"), now=later(400))

    source = Order.objects.get().sources.get()
    assert (source.amount_debited, source.amount_refunded) == (1500, 500)
    assert sorted(MpesaReceipt.objects.values_list("allocation", flat=True)) == ["applied", "surplus"]


def test_rest_of_a_cancelled_order_s_money_is_listed(staff: Any) -> None:
    order = pay(new_payment()).mpesa_order.order
    refund(MpesaReceipt.objects.get(), staff, amount=200)

    get_class("order.processing", "EventHandler")().handle_order_status_change(Order.objects.get(), "Cancelled")

    assert MpesaOrder.objects.get().closed_at is None
    assert MpesaReceipt.objects.needing_decision().get().order == order


def test_partly_refunded_money_pays_no_order(staff: Any) -> None:
    receipt = unallocated()
    refund(receipt, staff, amount=200)

    with pytest.raises(PartlyRefunded):
        allocate_receipt(fresh(receipt), receipt.order, by=new_staff_user("apply_receipt"), now=later(200))


def test_same_refund_is_recorded_once(staff: Any) -> None:
    receipt = surplus()
    part: Any = {"amount": Decimal(500), "reference": "R1", "by": staff, "returned_before": Decimal(0)}
    record_refund(receipt, **part, now=later(300))

    with pytest.raises(RefundKnown):
        record_refund(receipt, **part, now=later(301))
    record_refund(receipt, **{**part, "returned_before": Decimal("500.00")}, now=later(302))

    assert fresh(receipt).returned_amount == 1000


def test_money_used_meanwhile_is_not_recorded_as_refunded(staff: Any) -> None:
    receipt = unallocated()
    allocate_receipt(receipt, receipt.order, by=new_staff_user("apply_receipt"), now=later(200))
    part: Any = {"amount": receipt.amount, "reference": "R1", "by": staff, "now": later(300)}

    with pytest.raises(NoDecisionNeeded):
        record_refund(fresh(receipt), **part, seen_as=Allocation.UNALLOCATED)

    assert (fresh(receipt).allocation, fresh(receipt).returned_amount) == (Allocation.APPLIED, None)


def test_refund_time_lies_between_the_money_s_and_now(staff: Any) -> None:
    receipt = surplus()
    part: Any = {"amount": Decimal(500), "reference": "R1", "by": staff, "now": later(3000)}

    with pytest.raises(TimeInFuture):
        record_refund(receipt, **part, returned_at=later(3001))
    with pytest.raises(InvalidTime, match="11:"):
        record_refund(receipt, **part, returned_at=later(-3000))
    record_refund(receipt, **part, returned_at=later(1000))

    back = fresh(receipt)
    assert (back.returned_at, back.allocated_at) == (later(1000), later(3000))


@pytest.mark.parametrize("again", ["SKN7AAA111", " skn7 aaa111 "])
def test_repeated_refund_code_needs_a_note(staff: Any, again: str) -> None:
    receipt = surplus()
    other = MpesaReceipt.objects.exclude(pk=receipt.pk).get()
    refund(receipt, staff, amount=700)

    for each in (receipt, other):
        with pytest.raises(RefundCodeKnown):
            record_refund(each, amount=Decimal(800), reference=again, by=staff, now=later(100))
    assert (fresh(receipt).returned_amount, fresh(other).returned_amount) == (700, None)
    record_refund(other, amount=other.amount, reference="SKN7AAA111 for both", by=staff, now=later(100))

    assert fresh(other).allocation == Allocation.RETURNED


def test_text_reference_may_repeat(staff: Any) -> None:
    receipt = surplus()
    other = MpesaReceipt.objects.exclude(pk=receipt.pk).get()

    for each in (receipt, other):
        record_refund(each, amount=each.amount, reference="reimbursed", by=staff, now=later(100))

    assert {each.returned_reference for each in MpesaReceipt.objects.all()} == {"reimbursed"}
