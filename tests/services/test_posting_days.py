"""No entry or refund counts on a day before its money, or before what it follows was undone."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from oscar_mpesa.models import MpesaAllocation
from oscar_mpesa.reports.open_balance import unmatched_at_end
from oscar_mpesa.services.allocation import allocate
from oscar_mpesa.services.order_closure import close_order
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.refunds import void_refund
from tests.services.money import SECOND, claim_for, receipt, twice_paid
from tests.services.refunds import refund
from tests.shop import NOON, later, new_order, new_payment, post, query_update, success

pytestmark = pytest.mark.django_db

#: Seconds from ``NOON`` until midnight in Nairobi, and one hour.
MIDNIGHT, HOUR = 9 * 3600, 3600
TODAY, TOMORROW = NOON.date(), NOON.date() + timedelta(days=1)


def newest_day() -> date:
    """Return the day of the newest entry."""
    return MpesaAllocation.objects.latest("pk").posted_on


def unmatched(day: date) -> Any:
    """Return what is unmatched at the end of a day."""
    return unmatched_at_end("simulated", day)


def test_entry_never_counts_before_its_money(staff: Any) -> None:
    ten_past = datetime(2026, 11, 30, 21, 10, tzinfo=timezone.utc)  # on 1 December in Nairobi
    payment = new_payment(now=ten_past - timedelta(minutes=20))
    close_order(payment.mpesa_order.order, by=staff, now=ten_past - timedelta(minutes=18))
    apply_update(payment, query_update("0"), now=ten_past)
    body = success(payment, number=SECOND, TransactionDate=20261130235905)
    post(payment, body, now=ten_past + timedelta(minutes=2))

    allocate(receipt(SECOND), new_order(), by=staff, now=ten_past + timedelta(minutes=20))

    assert receipt(SECOND).paid_at < ten_past - timedelta(minutes=10)
    assert (receipt(SECOND).posted_on, newest_day()) == (date(2026, 12, 1), date(2026, 12, 1))
    assert [unmatched(date(2026, month, day)) for month, day in ((11, 30), (12, 1))] == [0, 0]


def test_refund_never_counts_before_its_money_was_matched(staff: Any) -> None:
    twice_paid()
    allocate(receipt(SECOND), new_order(), by=staff, now=later(MIDNIGHT + 24 * HOUR + HOUR))

    (own,) = refund(receipt(SECOND), staff, at=MIDNIGHT + 26 * HOUR, happened_at=later(MIDNIGHT + 20 * HOUR))

    assert newest_day() == own.posted_on == TOMORROW + timedelta(days=1)
    assert own.happened_at == later(MIDNIGHT + 20 * HOUR)


def test_entry_of_a_voided_refund_counts_from_the_voiding(staff: Any) -> None:
    twice_paid()
    (own,) = refund(receipt(SECOND), staff)
    void_refund(own, by=staff, note="not sent", now=later(MIDNIGHT + HOUR))

    allocate(receipt(SECOND), new_order(), by=staff, now=later(MIDNIGHT + 2 * HOUR))

    assert newest_day() == TOMORROW
    assert [unmatched(TODAY), unmatched(TOMORROW)] == [0, 0]


def test_second_refund_counts_from_the_voiding_of_the_first(staff: Any) -> None:
    twice_paid()
    (first,) = refund(receipt(SECOND), staff)
    void_refund(first, by=staff, note="wrong code", now=later(MIDNIGHT + HOUR))

    (second,) = refund(receipt(SECOND), staff, at=MIDNIGHT + 2 * HOUR, happened_at=later(800))

    assert (first.posted_on, second.posted_on) == (TODAY, TOMORROW)
    assert [unmatched(TODAY), unmatched(TOMORROW)] == [0, 0]


def test_entry_of_a_confirmed_claim_never_counts_before_its_money(staff: Any) -> None:
    payment = new_payment()
    claim_for(payment.mpesa_order.order, staff, number=SECOND, at=MIDNIGHT - 60)

    apply_update(payment, query_update("0"), now=later(MIDNIGHT + 60))

    assert newest_day() == receipt(None).posted_on == TOMORROW
