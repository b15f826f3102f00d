"""Sums of orders and receipts: what is owed, what is worth, what is left (L1, L2)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaOrder, MpesaReceipt, RefundStatus
from oscar_mpesa.services.allocation import allocate, resolve_receipt
from oscar_mpesa.services.ledger import balance_of, has_open_money, unmatched_receipts, without_open_money
from oscar_mpesa.services.locks import lock_mpesa_order
from tests.query_counts import counted
from tests.services.money import (
    FIRST,
    SECOND,
    balance,
    books,
    canceled_twice,
    change_total,
    claim_for,
    entries,
    money,
    order_of,
    paid_order,
    pay_amount,
    reassess,
    receipt,
    row,
    set_status,
    twice_paid,
)
from tests.services.refunds import CREDIT, RETURNED, refund, request_refund
from tests.shop import later, new_order, new_payment

pytestmark = pytest.mark.django_db

Source = get_model("payment", "Source")
SourceType = get_model("payment", "SourceType")


def pay_otherwise(order: Any, amount: int, *, refunded: int = 0) -> None:
    """Add what another payment method took for an order."""
    other, _ = SourceType.objects.get_or_create(code="card", name="Card")
    Source.objects.create(order=order, source_type=other, amount_debited=amount, amount_refunded=refunded)


# What an order owes


def test_order_owes_its_total_until_money_counts() -> None:
    order = order_of(new_payment())

    reassess(order)

    assert balance(order) == (False, 1500)


def test_credit_refund_lowers_what_the_order_owes(staff: Any) -> None:
    order = paid_order()

    refund(receipt(), staff, amount=500, purpose=CREDIT)

    assert balance(order) == (True, 0)
    assert money() == ("matched", 0, "")
    assert books(order) == 1000


def test_returned_payment_leaves_its_amount_missing(staff: Any) -> None:
    order = paid_order()

    refund(receipt(), staff, amount=500, purpose=RETURNED)

    assert balance(order) == (False, 500)
    assert money() == ("matched", 0, "")
    assert books(order) == 1000


def test_requested_refund_changes_no_balance() -> None:
    order = paid_order()
    request_refund(receipt(), 500, allocation=receipt().allocations.get())

    reassess(order)

    assert (balance(order), money()) == ((True, 0), ("matched", 0, ""))


def test_other_methods_lower_what_is_owed_by_what_they_kept() -> None:
    order = order_of(new_payment())
    pay_otherwise(order, 600, refunded=100)

    reassess(order)

    assert balance(order) == (False, 1000)


@pytest.mark.parametrize("missing", ["0.00", "0.99"])
def test_order_is_paid_when_less_than_a_shilling_is_missing(missing: str) -> None:
    order = paid_order()
    pay_otherwise(order, 0)
    Source.objects.filter(source_type__code="card").update(amount_refunded=Decimal(missing))

    reassess(order)

    assert balance(order) == (True, Decimal(missing))


def test_order_is_unpaid_when_a_shilling_is_missing() -> None:
    order = paid_order()
    pay_otherwise(order, 0, refunded=1)

    reassess(order)

    assert balance(order) == (False, 1)


def test_unrounded_total_is_paid_exactly_by_hand(staff: Any) -> None:
    order = new_order(total="1499.50", status="Pending")

    claim_for(order, staff, amount=1500)

    assert (balance(order), entries(order)) == ((True, 0), [(FIRST, 1500)])


def test_canceled_order_owes_nothing_and_is_not_paid(staff: Any) -> None:
    order = paid_order()

    set_status(order, "Cancelled")

    assert balance(order) == (False, 0)
    assert money() == ("unmatched", 1500, "order_canceled")


def test_order_first_paid_keeps_that_time(staff: Any) -> None:
    order = paid_order()
    first = row(order).paid_at
    refund(receipt(), staff, purpose=RETURNED)
    claim_for(order, staff, number=SECOND, at=900)

    assert (first, row(order).paid_at, row(order).is_paid) == (later(0), later(0), True)


# What a receipt has left


def test_overpayment_is_left_of_its_receipt() -> None:
    order = twice_paid()

    assert (money(FIRST), money(SECOND)) == (("matched", 0, ""), ("overpaid", 1500, "order_paid"))
    assert balance(order) == (True, 0)


def test_requested_refund_reserves_what_is_left() -> None:
    order = twice_paid()
    request_refund(receipt(SECOND), 600)

    reassess(order)

    assert money(SECOND) == ("overpaid", 900, "order_paid")


@pytest.mark.parametrize("status", [RefundStatus.FAILED, RefundStatus.REJECTED, RefundStatus.LAPSED])
def test_refund_that_sent_nothing_lowers_nothing(status: RefundStatus) -> None:
    order = twice_paid()
    request_refund(receipt(SECOND), 600, status=status)

    reassess(order)

    assert money(SECOND) == ("overpaid", 1500, "order_paid")


def test_more_refunds_than_money_leave_a_negative_amount() -> None:
    order = twice_paid()
    request_refund(receipt(SECOND), 1500, status=RefundStatus.COMPLETED)
    request_refund(receipt(SECOND), 200, status=RefundStatus.COMPLETED)

    reassess(order)
    reassess(order)

    assert money(SECOND) == ("unmatched", -200, "refunded_twice")
    assert list(unmatched_receipts(order.pk)) == [receipt(SECOND)]


def test_repeated_row_counts_nothing() -> None:
    order = twice_paid()
    MpesaReceipt.objects.filter(number=SECOND).update(same_as=receipt(FIRST))

    reassess(order)

    assert money(SECOND) == ("resolved", 0, "")
    assert not unmatched_receipts(order.pk).exists()


@pytest.mark.parametrize(
    ("refunded", "resolved", "status"),
    [(1500, False, "refunded"), (500, True, "resolved"), (0, True, "resolved")],
)
def test_status_names_what_the_money_counts_for(staff: Any, refunded: int, resolved: bool, status: str) -> None:
    twice_paid()
    if refunded:
        refund(receipt(SECOND), staff, amount=refunded)
    if resolved:
        resolve_receipt(receipt(SECOND), note="paid out at the till", by=staff, now=later(800))

    assert money(SECOND) == (status, 0, "")


def test_refunded_part_of_a_matched_receipt_stays_matched(staff: Any) -> None:
    order = paid_order()
    refund(receipt(), staff, amount=1500, purpose=CREDIT)

    assert money() == ("refunded", 0, "")
    assert (balance(order), books(order)) == ((True, 0), 0)


def test_receipt_split_over_two_orders_is_matched(staff: Any) -> None:
    twice_paid()
    other = new_order(total="900.00", status="Pending")

    allocate(receipt(SECOND), other, by=staff, now=later(800))

    assert money(SECOND) == ("overpaid", 600, "order_paid")
    assert (balance(other), entries(other)) == ((True, 0), [(SECOND, 900)])


# Cached sums


def test_unchanged_sums_are_not_written_again() -> None:
    order = paid_order()
    before = MpesaOrder.objects.get().revision

    with counted() as queries:
        reassess(order)

    assert MpesaOrder.objects.get().revision == before
    assert not [sql for sql in queries if sql.startswith(("UPDATE", "INSERT"))]


def test_each_change_of_the_sums_is_numbered() -> None:
    order = paid_order()
    before = row(order).revision

    change_total(order, "1800.00")

    assert (row(order).revision, row(order).total_seen) == (before + 1, 1800)


def test_balance_is_computed_from_the_entries() -> None:
    order = paid_order()
    MpesaOrder.objects.update(balance=99)

    assert (balance_of(lock_mpesa_order(order.pk)), MpesaOrder.objects.get().balance) == (0, 99)


# Money that is there


def test_paid_order_and_unmatched_money_are_open_money() -> None:
    paid, unpaid = paid_order(), order_of(new_payment())
    first, _ = canceled_twice()
    pay_amount(first, 700, number=SECOND)

    with_money = {order.pk for order in (paid, unpaid, order_of(first)) if has_open_money(row(order))}

    assert with_money == {paid.pk, first.order_id}
    assert [each.pk for each in without_open_money(MpesaOrder.objects.all())] == [unpaid.pk]


def test_part_payment_is_no_open_money(staff: Any) -> None:
    order = order_of(new_payment())
    claim_for(order, staff, amount=600)

    assert (balance(order), has_open_money(row(order))) == ((False, 900), False)
