"""Record refunds that staff sent by hand, in part too (L9)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaAllocation, MpesaEvent, MpesaReceipt, MpesaRefund
from oscar_mpesa.services.allocation import allocate, resolve_receipt
from oscar_mpesa.services.exceptions import (
    BookingFailed,
    InvalidAmount,
    InvalidTime,
    NoDecisionNeeded,
    RefundCodeKnown,
    RefundKnown,
    TimeInFuture,
)
from oscar_mpesa.services.refunds import void_refund
from tests.services.concurrent_changes import broken_books
from tests.services.money import (
    FIRST,
    SECOND,
    balance,
    books,
    entries,
    money,
    order_of,
    paid_order,
    pay_amount,
    receipt,
    twice_paid,
)
from tests.services.refunds import parts, refund, request_refund
from tests.services.unmatched import events, mismatch, surplus, unallocated
from tests.shop import later, new_order, new_payment, new_staff_user, pay, post, success

pytestmark = pytest.mark.django_db

Order = get_model("order", "Order")


def test_refund_of_matched_money_is_booked(staff: Any) -> None:
    order = paid_order()

    [own] = refund(receipt(), staff, note="out of stock")

    assert (own.status, own.method, own.purpose, own.amount) == ("completed", "manual", "credit", 1500)
    assert (own.code, own.happened_at, str(own.posted_on)) == ("SKN7AAA111", later(700), "2026-11-23")
    assert (own.requested_by, own.requested_by_name, own.note) == (staff, "Achieng Were", "out of stock")
    source = order.sources.get()
    assert (source.amount_debited, source.amount_refunded) == (1500, 1500)
    assert source.transactions.get(txn_type="Refund").reference == "SKN7AAA111"
    assert events(order) == [("refund_recorded", "1500.00", "Achieng Were")]
    params = MpesaEvent.objects.get(type="refund_recorded").params
    assert (params["day"], params["reference"], params["note"]) == ("2026-11-23", "SKN7AAA111", "out of stock")


@pytest.mark.parametrize("which", [mismatch, surplus, unallocated])
def test_refund_of_unmatched_money_writes_no_books(staff: Any, which: Any) -> None:
    own = which()
    before = books(own.meant_for)

    [back] = refund(own, staff)

    own.refresh_from_db()
    assert (own.status, own.unallocated, own.unmatched_reason) == ("refunded", 0, "")
    assert (back.allocation, back.purpose, books(own.meant_for)) == (None, "payment_returned", before)


def test_refund_takes_the_unmatched_part_first(staff: Any) -> None:
    payment = new_payment()
    allocate(pay_amount(payment, 2000), order_of(payment), by=staff, now=later(99))

    refunds = refund(receipt(), staff, amount=800)

    assert parts(refunds) == [(False, 500, "payment_returned"), (True, 300, "credit")]
    assert {each.code for each in refunds} == {"SKN7AAA111"}
    order = order_of(payment)
    assert (money(), balance(order), books(order)) == (("matched", 0, ""), (True, 0), 1200)
    assert events(order)[-1] == ("refund_recorded", "800.00", "Achieng Were")


def test_refund_takes_the_newest_allocation_first(staff: Any) -> None:
    order = twice_paid()
    first, second = new_order(status="Pending", total="1000.00"), new_order(status="Pending", total="500.00")
    for target in (first, second):
        allocate(receipt(SECOND), target, by=staff, now=later(800))

    refunds = refund(receipt(SECOND), staff, amount=700, at=900)

    assert parts(refunds) == [(True, 500, "credit"), (True, 200, "credit")]
    assert (books(first), books(second), books(order)) == (800, 0, 1500)
    assert [events(each)[-1][:2] for each in (first, second)] == [("refund_recorded", "700.00")] * 2


def test_resolved_money_can_be_refunded(staff: Any) -> None:
    twice_paid()
    resolve_receipt(receipt(SECOND), note="waits for her number", by=staff, now=later(600))

    refunds = refund(receipt(SECOND), staff)
    [voided] = [void_refund(each, by=staff, note="a mistake", now=later(900)) for each in refunds]

    assert (parts(refunds), voided.status) == ([(True, 1500, "payment_returned")], "voided")
    assert money(SECOND) == ("resolved", 0, "")


def test_partly_refunded_money_pays_with_its_rest(staff: Any) -> None:
    own = unallocated()
    refund(own, staff, amount=200)

    allocate(own, own.meant_for, by=staff, now=later(800))

    assert (balance(own.meant_for), entries(own.meant_for)) == ((False, 200), [("OD123ABC45", 1300)])


def test_partly_refunded_order_stays_paid_when_its_callback_repeats(staff: Any) -> None:
    payment = pay(new_payment(), number=FIRST)
    refund(receipt(), staff, amount=200)

    again = post(payment, success(payment, number=FIRST), now=later(800))

    assert (again.verdict, balance(payment.mpesa_order), books(order_of(payment))) == ("duplicate", (True, 0), 1300)


# Refusals


def test_amount_is_positive_and_at_most_what_is_left(staff: Any) -> None:
    own = surplus()

    for amount in ("0", "-1", "1500.01", "0.001", "NaN", "Infinity"):
        with pytest.raises(InvalidAmount):
            refund(own, staff, amount=amount)
    refund(own, staff, amount="500.50")
    with pytest.raises(InvalidAmount):
        refund(own, staff, amount="999.51", code="SKN7AAA222")
    in_part = money("OD222BBB22")
    refund(own, staff, amount="999.50", code="SKN7AAA222")

    assert in_part == ("overpaid", Decimal("999.50"), "order_paid")
    assert money("OD222BBB22") == ("refunded", 0, "")


def test_reserved_money_is_not_refunded_again(staff: Any) -> None:
    paid_order()
    request_refund(receipt(), 1000, allocation=MpesaAllocation.objects.get())

    with pytest.raises(InvalidAmount):
        refund(receipt(), staff, amount="500.01")
    [own] = refund(receipt(), staff, amount=500)

    assert own.amount == 500


def test_refund_time_lies_between_the_money_s_and_now(staff: Any) -> None:
    own = surplus()

    with pytest.raises(TimeInFuture):
        refund(own, staff, at=3000, happened_at=later(3001))
    with pytest.raises(InvalidTime, match="11:"):
        refund(own, staff, at=3000, happened_at=later(-3000))
    [back] = refund(own, staff, at=3000, happened_at=later(1000))

    assert (back.happened_at, back.requested_at) == (later(1000), later(3000))


def test_refund_of_yesterday_counts_today(staff: Any) -> None:
    paid_order()
    day = 24 * 3600

    [back] = refund(receipt(), staff, at=3 * day, happened_at=later(day))

    assert str(back.posted_on) == "2026-11-26"


def test_refund_seen_before_another_is_refused(staff: Any) -> None:
    own = surplus()
    refund(own, staff, amount=500, code="R1", refunded_before=Decimal(0))

    with pytest.raises(RefundKnown):
        refund(own, staff, amount=500, code="R1", refunded_before=Decimal(0))
    refund(own, staff, amount=500, code="R1", refunded_before=Decimal(500))

    assert money("OD222BBB22") == ("overpaid", 500, "order_paid")


def test_money_matched_meanwhile_is_not_recorded_as_refunded(staff: Any) -> None:
    own = unallocated()
    allocate(own, own.meant_for, by=staff, now=later(200))

    with pytest.raises(NoDecisionNeeded):
        refund(own, staff, seen_as="unmatched")

    assert not MpesaRefund.objects.exists()


@pytest.mark.parametrize("again", ["SKN7AAA111", " skn7 aaa111 "])
def test_known_refund_code_is_refused_unless_words_follow(staff: Any, again: str) -> None:
    own = surplus()
    other = MpesaReceipt.objects.exclude(pk=own.pk).get()
    refund(own, staff, amount=700)

    for each in (own, other):
        with pytest.raises(RefundCodeKnown):
            refund(each, staff, amount=800, code=again)
    refund(other, staff, code="SKN7AAA111 for both")

    assert MpesaRefund.objects.count() == 2


def test_word_in_place_of_a_code_may_repeat(staff: Any) -> None:
    own = surplus()
    other = MpesaReceipt.objects.exclude(pk=own.pk).get()

    for each in (own, other):
        refund(each, staff, code="reimbursed")

    assert MpesaRefund.objects.filter(code="reimbursed").count() == 2


def test_code_of_a_voided_refund_is_free_again(staff: Any) -> None:
    paid_order()
    [own] = refund(receipt(), staff, amount=500)
    void_refund(own, by=staff, note="wrong amount", now=later(800))

    [again] = refund(receipt(), staff, amount=600, at=900)

    assert (again.status, again.code) == ("completed", "SKN7AAA111")


def test_long_code_is_cut(staff: Any) -> None:
    [own] = refund(surplus(), staff, amount=1, code="9" * 300)

    assert len(own.code) == 128


def test_refunding_needs_permission() -> None:
    paid_order()

    with pytest.raises(PermissionDenied):
        refund(receipt(), new_staff_user("match_receipt", "resolve_receipt", "record_claim"))

    assert not MpesaRefund.objects.exists()


@pytest.mark.parametrize("deadlock", [False, True], ids=["shop's code", "deadlock"])
def test_refund_that_the_books_refuse_changes_nothing(staff: Any, deadlock: bool) -> None:
    order = paid_order()
    error = OperationalError("deadlock") if deadlock else RuntimeError("no refunds here")

    with broken_books(error), pytest.raises(OperationalError if deadlock else BookingFailed):
        refund(receipt(), staff)

    assert (MpesaRefund.objects.count(), balance(order), books(order)) == (0, (True, 0), 1500)
