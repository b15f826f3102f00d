"""Reassess closed and canceled orders, and say what changed (L4, L5, L7)."""

from __future__ import annotations

from typing import Any

import pytest
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaAllocation, MpesaEvent, MpesaOrder, MpesaReceipt
from oscar_mpesa.services.allocation import allocate, reverse_allocation
from oscar_mpesa.services.ledger_check import check_ledger
from oscar_mpesa.services.order_closure import close_expired_order, close_order
from oscar_mpesa.services.refunds import void_refund
from tests.rows import all_rows, changed_since
from tests.services.money import (
    FIRST,
    SECOND,
    balance,
    books,
    canceled_twice,
    change_total,
    claim_for,
    entries,
    expired_order,
    money,
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
StockRecord = get_model("partner", "StockRecord")


def unmatch(order: Any, staff: Any, *, at: float = 800) -> MpesaReceipt:
    """Take an order's newest money from it, as staff do."""
    entry = MpesaAllocation.objects.active().filter(order=order).latest("pk")
    return reverse_allocation(entry, by=staff, note="another order's", now=later(at))


# Closed orders


@pytest.mark.parametrize("build", [paid_order, twice_paid, lambda: order_of(expired_order())])
def test_reassessing_twice_changes_nothing(build: Any) -> None:
    order = build()
    reassess(order)
    before = all_rows()

    reassess(order, at=5000)

    assert before["order_order"]
    assert changed_since(before) == set()


def test_late_money_reopens_an_expired_order() -> None:
    payment = expired_order()
    stock = StockRecord.objects.get().num_allocated

    pay(payment, number=FIRST, now=later(3600))

    order = row(payment.mpesa_order)
    assert (stock, StockRecord.objects.get().num_allocated) == (0, 1)
    assert (order.is_closed, order.order.status, order.is_paid) == (False, "Being processed", True)


def test_part_of_the_price_reopens_no_order() -> None:
    payment = expired_order()
    change_total(order_of(payment), "2500.00", at=2000)

    pay(payment, number=FIRST, now=later(3600))

    assert (money(), row(payment.mpesa_order).is_closed) == (("unmatched", 1500, "order_closed"), True)


def test_two_late_payments_reopen_an_order_together() -> None:
    payment, second = canceled_twice()
    change_total(order_of(payment), "3000.00", at=120)
    MpesaOrder.objects.update(pay_before=later(1800), close_check_at=later(1800))
    close_expired_order(row(payment.mpesa_order), now=later(1900))
    pay(payment, number=FIRST, now=later(3600))
    in_between = money(FIRST)
    pay(second, number=SECOND, now=later(3700))

    assert in_between == ("unmatched", 1500, "order_closed")
    assert (entries(order_of(payment)), row(payment.mpesa_order).is_closed) == ([(FIRST, 1500), (SECOND, 1500)], False)


def test_late_money_for_a_sold_out_order_waits() -> None:
    payment = expired_order()
    StockRecord.objects.update(num_in_stock=0)

    pay(payment, number=FIRST, now=later(3600))
    reassess(order_of(payment), at=3700)

    assert (money(), row(payment.mpesa_order).is_closed) == (("unmatched", 1500, "sold_out"), True)


def test_setting_can_keep_expired_orders_closed(settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "REOPEN_EXPIRED_ORDERS": False}
    payment = expired_order()

    pay(payment, number=FIRST, now=later(3600))

    assert money() == ("unmatched", 1500, "order_closed")


def test_order_closed_by_staff_takes_no_money_by_itself(staff: Any) -> None:
    payment, _ = canceled_twice()
    close_order(order_of(payment), by=staff, now=later(150))

    pay(payment, number=FIRST, now=later(300))

    assert (money(), row(payment.mpesa_order).is_closed) == (("unmatched", 1500, "order_closed"), True)


def test_money_of_an_order_canceled_before_it_arrived_waits() -> None:
    payment = new_payment()
    set_status(order_of(payment), "Cancelled")

    pay(payment, number=FIRST, now=later(300))

    order = order_of(payment)
    assert (money(), order.status, books(order)) == (("unmatched", 1500, "order_canceled"), "Cancelled", 0)


@pytest.mark.parametrize("refund_first", [False, True])
def test_canceled_paid_order_releases_its_stock(staff: Any, refund_first: bool) -> None:
    order = paid_order()
    if refund_first:
        refund(receipt(), staff)
    set_status(order, "Cancelled")
    if not refund_first:
        refund(receipt(), staff)

    assert (row(order).is_closed, StockRecord.objects.get().num_allocated) == (True, 0)
    assert (money(), books(order), order_of(order).status) == (("refunded", 0, ""), 0, "Cancelled")


def test_canceled_paid_order_is_recorded_as_such() -> None:
    set_status(paid_order(), "Cancelled")

    assert list(MpesaEvent.objects.filter(type="order_canceled_paid").values_list("params", flat=True)) == [{}]


def test_voided_refund_of_a_closed_order_waits_for_a_decision(staff: Any) -> None:
    payment = new_payment()
    order = order_of(payment)
    change_total(order, "2500.00", at=1)
    pay(payment, number=FIRST)
    [own] = refund(receipt(), staff, at=400, purpose=RETURNED)
    close_order(order, by=staff, now=later(500))

    void_refund(own, by=staff, note="mistake", now=later(600))
    waiting = (money(), entries(order), balance(order))
    change_total(order, "1500.00", at=700)

    assert waiting == (("unmatched", 1500, "order_closed"), [], (False, 2500))
    assert (balance(order), signals(order), books(order)) == ((False, 1500), [], 0)
    assert list(check_ledger()) == []


# Time to pay the rest


def test_part_payment_gives_a_day_for_the_rest_once() -> None:
    first, second = canceled_twice()
    change_total(order_of(first), "3600.00", at=120)
    pay(first, number=FIRST, now=later(300))
    extended = row(first.mpesa_order).pay_before
    pay(second, number=SECOND, now=later(900))

    own = row(first.mpesa_order)
    assert (extended, own.pay_before, own.close_check_at) == (later(300 + 24 * 3600),) * 3
    assert (own.part_paid_at, own.balance) == (later(300), 600)


def test_part_paid_order_that_closed_and_reopened_closes_again(staff: Any) -> None:
    first, _ = canceled_twice()
    change_total(order_of(first), "3600.00", at=120)
    pay(first, number=FIRST, now=later(300))
    order, a_day = order_of(first), 24 * 3600
    close_expired_order(row(order), now=later(300 + a_day))
    closed = (row(order).is_closed, row(order).close_check_at, money(), entries(order), order_of(order).status)

    allocate(receipt(), order, by=staff, now=later(2 * a_day))

    assert closed == (True, None, ("unmatched", 1500, "order_closed"), [], "Payment expired")
    assert (row(order).is_closed, row(order).close_check_at) == (False, later(3 * a_day))
    close_expired_order(row(order), now=later(3 * a_day))
    assert (row(order).is_closed, StockRecord.objects.get().num_allocated) == (True, 0)


def test_overpayment_never_ends_by_time() -> None:
    order = twice_paid()

    for day in (7, 30, 365):
        reassess(order, at=day * 24 * 3600)

    assert money(SECOND) == ("overpaid", 1500, "order_paid")


def test_order_enrolled_by_staff_gets_no_closing_time(staff: Any) -> None:
    order = new_order()

    claim_for(order, staff, amount=600)

    assert (row(order).close_check_at, balance(order)) == (None, (False, 900))


# Announcements


def test_money_that_begins_to_wait_is_announced_once(
    caplog: pytest.LogCaptureFixture, staff: Any, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        order = twice_paid()
    refund(receipt(SECOND), staff, amount=500)
    change_total(order, "1800.00", at=900)

    events = MpesaEvent.objects.filter(type="receipt_unmatched")
    messages = receipt(SECOND).outbox_messages.order_by("pk").values_list("kind", flat=True)
    assert [each.params for each in events] == [{"amount": "1500.00", "reason": "order_paid"}]
    assert list(messages) == ["receipt_unmatched", "unmatched_email", "refund_email"]
    assert f"KSh 1500.00 ({SECOND}) needs a decision: order_paid" in caplog.text


def test_payer_gets_no_email_when_staff_unmatch_money(staff: Any) -> None:
    order = paid_order()

    unmatch(order, staff)

    kinds = receipt().outbox_messages.filter(kind__in=["receipt_unmatched", "unmatched_email"])
    assert [each.kind for each in kinds] == ["receipt_unmatched"]


def test_two_orders_never_change_why_money_is_left(staff: Any) -> None:
    first = paid_order()
    unmatch(first, staff)
    second = new_order(status="Pending", total="900.00")
    allocate(receipt(), second, by=staff, now=later(850))
    before = all_rows()

    for order in (second, first, second):
        reassess(order, at=900)

    assert (money(), balance(first)) == (("unmatched", 600, "unmatched_by_staff"), (False, 1500))
    assert (balance(second), changed_since(before)) == ((True, 0), set())
