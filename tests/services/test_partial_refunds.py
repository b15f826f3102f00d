"""Money of which a part went back stays what it was: the rest of it is still here (M6, M7)."""

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
from tests.services.returns import give_back
from tests.services.unmatched import fresh, surplus, unallocated
from tests.shop import later, new_clerk, new_payment, pay, post, success

pytestmark = pytest.mark.django_db

Order = get_model("order", "Order")


@pytest.fixture
def clerk() -> Any:
    return new_clerk("record_return")


def test_a_part_may_be_returned_but_no_more_than_arrived_and_nothing_that_is_no_money(clerk: Any) -> None:
    receipt = surplus()

    for amount in ("0", "-1", "1500.01", "0.001", "NaN", "Infinity"):
        with pytest.raises(InvalidAmount):
            give_back(receipt, clerk, amount=amount)
    give_back(receipt, clerk, amount="500.50")
    with pytest.raises(InvalidAmount):
        give_back(receipt, clerk, amount="999.51", code="SKN7AAA222")
    in_part = fresh(receipt)
    give_back(receipt, clerk, amount="999.50", code="SKN7AAA222")

    assert (in_part.returned_amount, in_part.allocation) == (Decimal("500.50"), Allocation.SURPLUS)
    assert (fresh(receipt).returned_amount, fresh(receipt).allocation) == (1500, Allocation.RETURNED)


def test_an_order_whose_money_was_returned_in_part_is_paid_still(clerk: Any) -> None:
    payment = pay(new_payment())
    give_back(MpesaReceipt.objects.get(), clerk, amount=200)
    give_back(MpesaReceipt.objects.get(), clerk, amount=300, code="SKN7AAA222")

    post(payment, success(payment, number="OD222BBB22"), now=later(400))

    source = Order.objects.get().sources.get()
    assert (source.amount_debited, source.amount_refunded) == (1500, 500)
    assert sorted(MpesaReceipt.objects.values_list("allocation", flat=True)) == ["applied", "surplus"]


def test_the_rest_of_a_cancelled_order_s_money_is_listed(clerk: Any) -> None:
    order = pay(new_payment()).mpesa_order.order
    give_back(MpesaReceipt.objects.get(), clerk, amount=200)

    get_class("order.processing", "EventHandler")().handle_order_status_change(Order.objects.get(), "Cancelled")

    assert MpesaOrder.objects.get().closed_at is None
    assert MpesaReceipt.objects.needing_decision().get().order == order


def test_money_that_went_back_in_part_pays_no_order(clerk: Any) -> None:
    receipt = unallocated()
    give_back(receipt, clerk, amount=200)

    with pytest.raises(PartlyRefunded):
        allocate_receipt(fresh(receipt), receipt.order, by=new_clerk("apply_receipt"), now=later(200))


def test_the_same_part_is_written_down_once(clerk: Any) -> None:
    receipt = surplus()
    part: Any = {"amount": Decimal(500), "reference": "R1", "by": clerk, "returned_before": Decimal(0)}
    record_refund(receipt, **part, now=later(300))

    with pytest.raises(RefundKnown):
        record_refund(receipt, **part, now=later(301))
    record_refund(receipt, **{**part, "returned_before": Decimal("500.00")}, now=later(302))

    assert fresh(receipt).returned_amount == 1000


def test_money_that_was_used_since_the_page_was_opened_is_not_taken_for_returned(clerk: Any) -> None:
    receipt = unallocated()
    allocate_receipt(receipt, receipt.order, by=new_clerk("apply_receipt"), now=later(200))
    part: Any = {"amount": receipt.amount, "reference": "R1", "by": clerk, "now": later(300)}

    with pytest.raises(NoDecisionNeeded):
        record_refund(fresh(receipt), **part, seen_as=Allocation.UNALLOCATED)

    assert (fresh(receipt).allocation, fresh(receipt).returned_amount) == (Allocation.APPLIED, None)


def test_a_return_has_its_own_time_between_the_money_s_and_now(clerk: Any) -> None:
    receipt = surplus()
    part: Any = {"amount": Decimal(500), "reference": "R1", "by": clerk, "now": later(3000)}

    with pytest.raises(TimeInFuture):
        record_refund(receipt, **part, returned_at=later(3001))
    with pytest.raises(InvalidTime, match="11:"):
        record_refund(receipt, **part, returned_at=later(-3000))
    record_refund(receipt, **part, returned_at=later(1000))

    back = fresh(receipt)
    assert (back.returned_at, back.allocated_at) == (later(1000), later(3000))


@pytest.mark.parametrize("again", ["SKN7AAA111", " skn7 aaa111 "])
def test_a_code_is_of_one_sending_of_money_and_may_stand_twice_with_a_word_only(clerk: Any, again: str) -> None:
    receipt = surplus()
    other = MpesaReceipt.objects.exclude(pk=receipt.pk).get()
    give_back(receipt, clerk, amount=700)

    for each in (receipt, other):
        with pytest.raises(RefundCodeKnown):
            record_refund(each, amount=Decimal(800), reference=again, by=clerk, now=later(100))
    assert (fresh(receipt).returned_amount, fresh(other).returned_amount) == (700, None)
    record_refund(other, amount=other.amount, reference="SKN7AAA111 for both", by=clerk, now=later(100))

    assert fresh(other).allocation == Allocation.RETURNED


def test_words_may_stand_at_many_returns(clerk: Any) -> None:
    receipt = surplus()
    other = MpesaReceipt.objects.exclude(pk=receipt.pk).get()

    for each in (receipt, other):
        record_refund(each, amount=each.amount, reference="reimbursed", by=clerk, now=later(100))

    assert {each.returned_reference for each in MpesaReceipt.objects.all()} == {"reimbursed"}
