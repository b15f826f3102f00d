"""Money taken and results of payments, by days in Nairobi and for one environment."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import caches

from oscar_mpesa.domain.timezone import NAIROBI
from oscar_mpesa.models import MpesaAllocation, MpesaReceipt, MpesaRefund
from oscar_mpesa.reports.statistics import Reason, Statistics, statistics
from oscar_mpesa.reports.success_rate import ResultCounts, payment_results
from oscar_mpesa.services.allocation import allocate, resolve_receipt, reverse_allocation
from oscar_mpesa.services.claims import record_claim
from oscar_mpesa.services.refunds import record_refund, void_refund
from tests.alerts.connectivity_rows import minutes, new_ended_payments, with_credentials
from tests.query_counts import counted
from tests.services.unmatched import mismatch, surplus, unallocated
from tests.shop import NOON, failure, later, new_order, new_payment, new_staff_user, pay, post, success

pytestmark = pytest.mark.django_db(transaction=True)

#: 00:00 in Nairobi of the day of ``NOON``.
MIDNIGHT = NOON - timedelta(hours=15)

YESTERDAY, TODAY, TOMORROW = date(2026, 11, 22), date(2026, 11, 23), date(2026, 11, 24)


def new_matched_receipt(amount: int, *, day: date, environment: str = "simulated", order: Any = None) -> Any:
    """Create a receipt that was matched to an order on a day, and return its allocation."""
    at = datetime.combine(day, time(12), NAIROBI)
    receipt = MpesaReceipt.objects.create(
        number=f"OD{MpesaReceipt.objects.count():08}",
        environment=environment,
        amount=amount,
        paid_at=at,
        posted_on=day,
        status="matched",
        created_at=at,
    )
    return MpesaAllocation.objects.create(
        receipt=receipt, order=order or new_order(), amount=amount, reason="payment", created_at=at, posted_on=day
    )


def refund(receipt: Any, amount: int, *, now: datetime, code: str = "RK1") -> MpesaRefund:
    by = new_staff_user("record_refund")
    return record_refund(receipt, amount=Decimal(amount), code=code, by=by, happened_at=now, now=now)[0]


def taken(now: datetime) -> dict[date, int]:
    """Return the days with an income, without the cache."""
    caches["default"].clear()
    return {day.day: int(day.taken) for day in statistics(now).days if day.taken}


def current_statistics() -> Statistics:
    return statistics(NOON)


def test_income_is_counted_by_posting_days() -> None:
    for amount, day in ((100, TODAY), (200, YESTERDAY), (400, date(2026, 10, 25)), (800, date(2026, 10, 24))):
        new_matched_receipt(amount, day=day)

    figures = current_statistics()

    assert (figures.today.taken, figures.today.receipts) == (100, 1)
    assert figures.taken == 700
    assert [(day.day, day.taken) for day in figures.days if day.taken] == [
        (date(2026, 10, 25), 400),
        (date(2026, 11, 22), 200),
        (date(2026, 11, 23), 100),
    ]
    assert len(figures.days) == 30


def test_refund_and_its_voiding_count_on_their_own_days() -> None:
    receipt = MpesaReceipt.objects.get(payment=pay(new_payment()))
    returned = refund(receipt, 500, now=NOON + timedelta(days=1))

    refunded = taken(NOON + timedelta(days=3))
    void_refund(returned, by=new_staff_user("record_refund"), note="was not sent", now=NOON + timedelta(days=2))

    assert refunded == {TODAY: 1500, TOMORROW: -500}
    assert taken(NOON + timedelta(days=3)) == {TODAY: 1500, TOMORROW: -500, date(2026, 11, 25): 500}


def test_unmatched_money_leaves_the_figures_on_the_day_it_is_unmatched() -> None:
    entry = MpesaAllocation.objects.get(receipt__payment=pay(new_payment()))
    tomorrow, by = NOON + timedelta(days=1), new_staff_user("match_receipt")

    receipt = reverse_allocation(entry, by=by, note="of another order", now=tomorrow)
    unmatched = taken(tomorrow)
    allocate(receipt, new_order(total="1000.00"), by=by, now=tomorrow)

    assert unmatched == {TODAY: 1500, TOMORROW: -1500}
    assert taken(tomorrow) == {TODAY: 1500, TOMORROW: -500}


def test_figures_of_a_part_refund_stay_when_the_rest_is_unmatched() -> None:
    entry = MpesaAllocation.objects.get(receipt__payment=pay(new_payment()))
    refund(entry.receipt, 500, now=NOON)

    reverse_allocation(entry, by=new_staff_user("match_receipt"), note="of another order", now=NOON + timedelta(days=1))

    assert taken(NOON + timedelta(days=1)) == {TODAY: 1000, TOMORROW: -1000}
    assert [day.receipts for day in statistics(NOON + timedelta(days=1)).days[-2:]] == [1, 0]


def test_unmatched_money_and_its_refund_are_not_counted() -> None:
    for number, new_unmatched in enumerate((unallocated, mismatch)):
        receipt = new_unmatched()
        MpesaReceipt.objects.filter(pk=receipt.pk).update(number=f"OD{number}")
    refund(receipt, 400, now=NOON)

    assert taken(NOON) == {}


def test_second_payment_of_order_is_not_counted() -> None:
    surplus()

    assert (current_statistics().taken, current_statistics().today.receipts) == (1500, 1)


def test_money_resolved_with_a_note_is_not_counted() -> None:
    resolve_receipt(unallocated(), note="settled at the counter", by=new_staff_user("resolve_receipt"), now=NOON)

    assert taken(NOON) == {}


def test_recorded_payment_counts_from_the_day_on_which_safaricom_confirms_it() -> None:
    payment, by = new_payment(), new_staff_user("record_claim")
    post(payment, failure(payment), now=later(10))
    record_claim("OD123ABC45", Decimal(1500), order=payment.mpesa_order.order, by=by, note="portal", now=NOON)

    recorded = taken(NOON)
    post(payment, success(payment), now=NOON + timedelta(days=1))

    assert recorded == {}
    assert taken(NOON + timedelta(days=1)) == {TOMORROW: 1500}


def test_test_money_is_not_counted_in_production(settings: Any) -> None:
    with_credentials(settings, ENVIRONMENT="production", SHORTCODE="5123456", TEST_MODE=False)
    new_matched_receipt(100, day=TODAY, environment="production")
    for test in ("sandbox", "simulated"):
        new_matched_receipt(1000, day=TODAY, environment=test)
        new_ended_payments(5, status="completed", at=NOON, environment=test)
    new_ended_payments(1, status="completed", at=NOON, environment="production", after=timedelta(seconds=7))

    figures = current_statistics()

    assert (figures.environment, figures.taken) == ("production", 100)
    assert figures.ended.month == ResultCounts(paid=1)
    assert figures.seconds_to_pay == 7


def test_results_are_counted_by_creation_time() -> None:
    new_ended_payments(3, status="completed", at=minutes(-10))
    new_ended_payments(1, status="cancelled", at=minutes(-50))
    new_ended_payments(2, status="failed", at=minutes(-120))
    new_ended_payments(4, status="expired", at=MIDNIGHT - timedelta(hours=1))
    new_ended_payments(5, status="completed", at=MIDNIGHT - timedelta(days=29))
    new_ended_payments(9, status="completed", at=MIDNIGHT - timedelta(days=30))
    new_payment()

    figures = payment_results(NOON)

    assert figures.hour == ResultCounts(paid=3, failed=1)
    assert figures.today == ResultCounts(paid=3, failed=3)
    assert figures.day == ResultCounts(paid=3, failed=7)
    assert figures.month == ResultCounts(paid=8, failed=7)
    assert (figures.hour.percent, figures.month.percent) == (75, 53)


def test_without_ended_payments_there_is_no_rate_or_median() -> None:
    figures = current_statistics()

    assert figures.ended.today.percent is None
    assert figures.seconds_to_pay is None
    assert figures.reasons == ()
    assert figures.taken == 0


def test_median_ignores_one_slow_payment() -> None:
    for number, seconds in enumerate((9, 11, 3600)):
        new_ended_payments(1, status="completed", at=later(-60 * number), after=timedelta(seconds=seconds))

    assert current_statistics().seconds_to_pay == 11


def test_failure_reasons_group_codes_of_same_meaning() -> None:
    new_ended_payments(4, status="cancelled", at=NOON, code="1032")
    new_ended_payments(1, status="failed", at=NOON, code="1037")
    new_ended_payments(2, status="failed", at=NOON, code="1036")
    new_ended_payments(3, status="expired", at=NOON)
    new_ended_payments(9, status="completed", at=NOON, code="0")

    assert current_statistics().reasons == (
        Reason(meaning="canceled, closed or ignored on the phone", number=4, percent=40),
        Reason(meaning="no answer from Safaricom in time", number=3, percent=30),
        Reason(meaning="the phone did not answer: off, no network or an old SIM", number=3, percent=30),
    )


def test_rare_reasons_are_added_up() -> None:
    for number, code in enumerate(("1032", "1", "2001", "1037", "1019", "26", "17")):
        new_ended_payments(20 - number, status="cancelled" if code == "1032" else "failed", at=NOON, code=code)

    reasons = current_statistics().reasons

    assert [reason.number for reason in reasons] == [20, 19, 18, 17, 16, 29]
    assert reasons[-1].meaning == ""


def test_statistics_make_four_queries_once_earlier_days_are_cached() -> None:
    new_matched_receipt(100, day=TODAY)
    new_ended_payments(3, status="completed", at=NOON)

    with counted() as first:
        current_statistics()
    with counted() as again:
        current_statistics()

    assert (len(first), len(again)) == (6, 4), str(first)


def test_today_is_recounted_and_earlier_days_are_cached() -> None:
    yesterday = MIDNIGHT - timedelta(seconds=1)
    current_statistics()
    for at in (NOON, yesterday):
        new_matched_receipt(100, day=TODAY if at == NOON else YESTERDAY)
        new_ended_payments(1, status="completed", at=at)
        new_ended_payments(1, status="failed", at=at, code="1")

    cached = current_statistics()
    caches["default"].clear()  # as after ten minutes
    recounted = current_statistics()

    assert (cached.taken, recounted.taken) == (100, 200)
    assert (cached.ended.month, recounted.ended.month) == (
        ResultCounts(paid=1, failed=1),
        ResultCounts(paid=2, failed=2),
    )
    assert (cached.ended.day, recounted.ended.day) == (recounted.ended.day, ResultCounts(paid=2, failed=2))
    assert [reason.number for reason in (*cached.reasons, *recounted.reasons)] == [1, 2]


def test_next_day_starts_with_fresh_counts() -> None:
    current_statistics()
    new_matched_receipt(100, day=TODAY)

    tomorrow = statistics(NOON + timedelta(days=1))

    assert (tomorrow.taken, tomorrow.today.taken) == (100, 0)
