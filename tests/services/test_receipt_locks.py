"""Lock a receipt with its orders, and reassess all of them after a decision (L3)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from oscar_mpesa.models import MpesaOrder, MpesaReceipt, RefundStatus
from oscar_mpesa.services.allocation import allocate, resolve_receipt, reverse_allocation
from oscar_mpesa.services.exceptions import MoneyMoved, NotPayable
from oscar_mpesa.services.order_closure import CloseResult, close_expired_order
from oscar_mpesa.services.payments import start_payment
from oscar_mpesa.services.receipt_locks import lock_receipt
from oscar_mpesa.services.refunds import void_refund
from tests.services.concurrent_changes import just_before
from tests.services.money import (
    FIRST,
    SECOND,
    balance,
    money,
    order_of,
    paid_order,
    receipt,
    row,
    twice_paid,
)
from tests.services.refunds import refund, request_refund
from tests.services.unmatched import mismatch
from tests.shop import ANOTHER, later, new_order

pytestmark = pytest.mark.django_db

AN_HOUR = 60 * 60


def of_no_order() -> MpesaReceipt:
    """Create money that names no order, as a statement shows it."""
    return MpesaReceipt.objects.create(
        number=FIRST,
        environment="simulated",
        amount=1500,
        unallocated=1500,
        paid_at=later(0),
        posted_on=later(0).date(),
        channel="statement",
        created_at=later(0),
    )


def locked_orders(action: Callable[[], Any]) -> list[int]:
    """Return the ids of the shop's orders that an action reads by their id, each once, in order."""
    with CaptureQueriesContext(connection) as captured:
        action()
    found = (re.search(r'FROM "order_order" WHERE "order_order"."id" = (\d+)', each["sql"]) for each in captured)
    return list(dict.fromkeys(int(match[1]) for match in found if match))


def test_match_to_a_newer_order_locks_the_older_one_first(staff: Any) -> None:
    older, newer = twice_paid(), new_order(status="Pending")
    money = receipt(SECOND)

    orders = locked_orders(lambda: allocate(money, newer, by=staff, now=later(800)))

    assert orders == [older.pk, newer.pk]


def test_orders_of_the_receipt_are_locked_with_it(staff: Any) -> None:
    order, other, third = twice_paid(), new_order(status="Pending"), new_order(status="Pending")
    allocate(receipt(SECOND), other, by=staff, now=later(800))
    MpesaOrder.objects.create(order=third, created_at=later(0), pay_before=later(0))

    locked = lock_receipt(receipt(SECOND), third.pk)

    assert set(locked.mpesa_orders) == {order.pk, other.pk, third.pk}
    assert (locked.receipt.payment, [each.amount for each in locked.active]) == (receipt(SECOND).payment, [1500])
    assert (locked.refundable, locked.refunded_amount) == (1500, 0)


def test_money_that_meanwhile_counts_for_another_order_raises(staff: Any) -> None:
    twice_paid()
    other, seen = new_order(status="Pending"), receipt(SECOND)

    def move() -> None:
        allocate(seen, other, by=staff, now=later(800))

    with just_before('FROM "oscar_mpesa_mpesapayment"', move), pytest.raises(MoneyMoved), transaction.atomic():
        lock_receipt(seen)


def test_money_of_no_order_is_resolved_and_unresolved(staff: Any) -> None:
    own = resolve_receipt(of_no_order(), note="rent", by=staff, now=later(800))
    resolved = money()

    reverse_allocation(own.allocations.get(), by=staff, note="it was not", now=later(900))

    assert (resolved, money()) == (("resolved", 0, ""), ("unmatched", 1500, "no_order"))


def test_money_of_no_order_is_refunded(staff: Any) -> None:
    of_no_order()

    [back] = refund(receipt(), staff)
    refunded = money()
    void_refund(back, by=staff, note="never sent", now=later(900))

    assert (refunded, money()) == (("refunded", 0, ""), ("unmatched", 1500, "no_order"))


def test_money_of_no_order_that_was_refunded_twice_is_negative(staff: Any) -> None:
    of_no_order()
    request_refund(receipt(), 1600, status=RefundStatus.COMPLETED)
    [back] = [request_refund(receipt(), 200, status=RefundStatus.COMPLETED)]
    type(back).objects.filter(pk=back.pk).update(method="manual")

    void_refund(back, by=staff, note="never sent", now=later(900))

    assert money() == ("unmatched", -100, "refunded_twice")


def test_money_of_no_order_is_matched_and_unmatched(staff: Any) -> None:
    order = new_order(status="Pending")
    own = allocate(of_no_order(), order, by=staff, now=later(800))
    paid = balance(order)

    reverse_allocation(own, by=staff, note="another order's", now=later(900))

    assert (paid, balance(order), money()) == ((True, 0), (False, 1500), ("unmatched", 1500, "unmatched_by_staff"))


# Time to pay after a decision


@pytest.mark.parametrize("verb", ["refund", "resolve", "match elsewhere"])
def test_order_is_payable_again_after_its_money_is_decided(staff: Any, verb: str) -> None:
    own = mismatch()
    order = own.meant_for
    assert close_expired_order(row(order), now=row(order).pay_before) is CloseResult.POSTPONED
    with pytest.raises(NotPayable), transaction.atomic():
        start_payment(order, phone=ANOTHER, now=later(60))

    if verb == "refund":
        refund(own, staff, at=AN_HOUR)
    elif verb == "resolve":
        resolve_receipt(own, note="a test of the till", by=staff, now=later(AN_HOUR))
    else:
        allocate(own, new_order(status="Pending", total="1400.00"), by=staff, now=later(AN_HOUR))

    assert row(order).pay_before == row(order).close_check_at == later(AN_HOUR + 30 * 60)
    assert start_payment(order, phone=ANOTHER, now=later(AN_HOUR + 60)).status == "pending"


def test_decision_never_shortens_the_time_to_pay(staff: Any) -> None:
    own = mismatch()
    MpesaOrder.objects.update(pay_before=later(24 * AN_HOUR), close_check_at=later(24 * AN_HOUR))

    resolve_receipt(own, note="a test of the till", by=staff, now=later(AN_HOUR))

    assert row(own.meant_for).pay_before == row(own.meant_for).close_check_at == later(24 * AN_HOUR)


def test_order_without_a_payment_gets_no_close_check(staff: Any) -> None:
    order = new_order()
    own = allocate(of_no_order(), order, by=staff, now=later(800))

    reverse_allocation(own, by=staff, note="another order's", now=later(AN_HOUR))

    assert (row(order).close_check_at, balance(order)) == (None, (False, 1500))


def test_paid_order_gets_no_new_time_to_pay(staff: Any) -> None:
    order = paid_order()
    before = row(order).pay_before

    refund(receipt(), staff, amount=500, at=AN_HOUR)

    assert (row(order).pay_before, order_of(order).status) == (before, "Being processed")
