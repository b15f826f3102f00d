"""What came in and what did not, by Nairobi's calendar: real money in a shop of real money, and nothing else."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import caches

from oscar_mpesa.models import MpesaReceipt
from oscar_mpesa.reports.statistics import Reason, Statistics, statistics
from oscar_mpesa.reports.success_rate import ResultCounts, payment_results
from oscar_mpesa.services.receipt_decisions import record_refund
from tests.alerts.connectivity_rows import many_ended, minutes, with_credentials
from tests.query_counts import counted
from tests.services.unmatched import mismatch, surplus, unallocated
from tests.shop import NOON, later, new_clerk, new_payment, pay

pytestmark = pytest.mark.django_db(transaction=True)

#: 00:00 in Nairobi of the day of ``NOON``.
MIDNIGHT = NOON - timedelta(hours=15)


def received(amount: int, *, at: datetime, environment: str = "simulated", **columns: Any) -> None:
    """Money that an order took, as a row alone."""
    MpesaReceipt.objects.create(
        number=f"OD{MpesaReceipt.objects.count():08}",
        environment=environment,
        amount=amount,
        paid_at=at,
        source="callback",
        **{"allocation": "applied", "allocated_at": at, "created_at": at, **columns},
    )


def seen() -> Statistics:
    return statistics(NOON)


def test_what_was_taken_today_and_within_thirty_days_of_nairobi() -> None:
    received(100, at=MIDNIGHT)
    received(200, at=MIDNIGHT - timedelta(seconds=1))
    received(400, at=MIDNIGHT - timedelta(days=29))
    received(800, at=MIDNIGHT - timedelta(days=29, seconds=1))

    found = seen()

    assert (found.today.taken, found.today.receipts) == (100, 1)
    assert found.taken == 700
    assert [(day.day, day.taken) for day in found.days if day.taken] == [
        (date(2026, 10, 25), 400),
        (date(2026, 11, 22), 200),
        (date(2026, 11, 23), 100),
    ]
    assert len(found.days) == 30


def test_money_that_no_order_took_or_that_went_back_is_not_taken() -> None:
    part = MpesaReceipt.objects.get(payment=pay(new_payment(), number="OD999JJJ99"))
    record_refund(
        part, amount=Decimal(500), reference="RK1", note="one was broken", by=new_clerk("record_return"), now=NOON
    )
    for number, astray in enumerate((unallocated, mismatch)):
        receipt = astray()
        MpesaReceipt.objects.filter(pk=receipt.pk).update(number=f"OD{number}")
    MpesaReceipt.objects.update(paid_at=NOON)

    assert seen().taken == 1000


def test_the_second_payment_of_an_order_is_not_taken() -> None:
    surplus()
    MpesaReceipt.objects.update(paid_at=NOON)

    assert (seen().taken, seen().today.receipts) == (1500, 1)


def test_tests_are_no_income_of_a_shop_in_production(settings: Any) -> None:
    with_credentials(settings, ENVIRONMENT="production", SHORTCODE="5123456", TEST_MODE=False)
    received(100, at=NOON, environment="production")
    for test in ("sandbox", "simulated"):
        received(1000, at=NOON, environment=test)
        many_ended(5, status="completed", at=NOON, environment=test)
    many_ended(1, status="completed", at=NOON, environment="production", after=timedelta(seconds=7))

    found = seen()

    assert (found.environment, found.taken) == ("production", 100)
    assert found.ended.month == ResultCounts(paid=1)
    assert found.seconds_to_pay == 7


def test_how_attempts_ended_by_when_they_were_made() -> None:
    many_ended(3, status="completed", at=minutes(-10))
    many_ended(1, status="cancelled", at=minutes(-50))
    many_ended(2, status="failed", at=minutes(-120))
    many_ended(4, status="expired", at=MIDNIGHT - timedelta(hours=1))
    many_ended(5, status="completed", at=MIDNIGHT - timedelta(days=29))
    many_ended(9, status="completed", at=MIDNIGHT - timedelta(days=30))
    new_payment()

    found = payment_results(NOON)

    assert found.hour == ResultCounts(paid=3, failed=1)
    assert found.today == ResultCounts(paid=3, failed=3)
    assert found.day == ResultCounts(paid=3, failed=7)
    assert found.month == ResultCounts(paid=8, failed=7)
    assert (found.hour.percent, found.month.percent) == (75, 53)


def test_where_nothing_ended_there_is_no_rate_and_no_median() -> None:
    found = seen()

    assert found.ended.today.percent is None
    assert found.seconds_to_pay is None
    assert found.reasons == ()
    assert found.taken == 0


def test_the_median_does_not_mind_one_who_took_an_hour() -> None:
    for number, seconds in enumerate((9, 11, 3600)):
        many_ended(1, status="completed", at=later(-60 * number), after=timedelta(seconds=seconds))

    assert seen().seconds_to_pay == 11


def test_why_not_in_words_with_codes_of_one_meaning_together() -> None:
    many_ended(4, status="cancelled", at=NOON, code="1032")
    many_ended(1, status="failed", at=NOON, code="1037")
    many_ended(2, status="failed", at=NOON, code="1036")
    many_ended(3, status="expired", at=NOON)
    many_ended(9, status="completed", at=NOON, code="0")

    assert seen().reasons == (
        Reason(meaning="cancelled, closed or ignored on the phone", number=4, percent=40),
        Reason(meaning="no answer from Safaricom in time", number=3, percent=30),
        Reason(meaning="the phone did not answer: off, no network or an old SIM", number=3, percent=30),
    )


def test_rare_reasons_are_told_as_one() -> None:
    for number, code in enumerate(("1032", "1", "2001", "1037", "1019", "26", "17")):
        many_ended(20 - number, status="cancelled" if code == "1032" else "failed", at=NOON, code=code)

    reasons = seen().reasons

    assert [reason.number for reason in reasons] == [20, 19, 18, 17, 16, 29]
    assert reasons[-1].meaning == ""


def test_all_of_it_is_four_questions_once_the_days_before_are_counted() -> None:
    received(100, at=NOON)
    many_ended(3, status="completed", at=NOON)

    with counted() as first:
        seen()
    with counted() as again:
        seen()

    assert (len(first), len(again)) == (6, 4), str(first)


def test_today_is_counted_anew_and_the_days_before_it_after_ten_minutes() -> None:
    yesterday = MIDNIGHT - timedelta(seconds=1)
    seen()
    for at in (NOON, yesterday):
        received(100, at=at)
        many_ended(1, status="completed", at=at)
        many_ended(1, status="failed", at=at, code="1")

    at_once = seen()
    caches["default"].clear()  # as after ten minutes
    later_on = seen()

    assert (at_once.taken, later_on.taken) == (100, 200)
    assert (at_once.ended.month, later_on.ended.month) == (
        ResultCounts(paid=1, failed=1),
        ResultCounts(paid=2, failed=2),
    )
    assert (at_once.ended.day, later_on.ended.day) == (later_on.ended.day, ResultCounts(paid=2, failed=2))
    assert [reason.number for reason in (*at_once.reasons, *later_on.reasons)] == [1, 2]


def test_the_next_day_begins_with_days_of_its_own() -> None:
    seen()
    received(100, at=NOON)

    tomorrow = statistics(NOON + timedelta(days=1))

    assert (tomorrow.taken, tomorrow.today.taken) == (100, 0)
