"""Compute the money taken and the results of payments, today and over 30 days in Nairobi.

The figures cover the shop's own environment only. Every query reads the rows of these days by an index, so the cost
does not grow with the shop's age. The figures of the days before today are cached for ten minutes.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Any, cast

from django.core.cache import caches
from django.db.models import Case, Count, F, IntegerField, Sum, Value, When
from django.db.models.functions import Coalesce

from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain import result_codes
from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.models import Allocation, MpesaReceipt
from oscar_mpesa.reports.success_rate import (
    DAYS,
    PaymentResults,
    ResultCounts,
    ended_payments,
    first_midnight,
    midnight,
    payment_results,
)

logger = logging.getLogger("oscar_mpesa")

#: The median covers this many of the newest paid payments.
SAMPLE = 500

#: How many reasons to list; the others are added up as one more.
REASONS_LISTED = 5

#: Seconds. Late money and refunds of earlier days appear in the figures after at most this long.
CACHE_SECONDS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The money taken on one day, in shillings and net of partial refunds, and the number of receipts."""

    day: date
    taken: Decimal = Decimal(0)
    receipts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why payments failed: the meaning in English, their number and their share in percent.

    ``meaning`` is empty for all reasons that are not listed.
    """

    meaning: str
    number: int
    percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """The figures of the overview. ``seconds_to_pay`` is a median, None without paid payments."""

    environment: str
    ended: PaymentResults
    days: tuple[Day, ...]
    reasons: tuple[Reason, ...]
    seconds_to_pay: int | None

    @property
    def today(self) -> Day:
        """Return the last of the days."""
        return self.days[-1]

    @property
    def taken(self) -> Decimal:
        """Return the money taken on all of the days."""
        return sum((day.taken for day in self.days), Decimal(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class _BeforeToday:
    """The figures of the 29 days before today."""

    ended: ResultCounts
    days: tuple[Day, ...]
    reasons: Counter[str]


def statistics(now: datetime) -> Statistics:
    """Return the figures of the shop's own environment. Makes four queries, and two more every ten minutes."""
    before, today = _before_today(now), midnight(now)
    return Statistics(
        environment=get_settings().environment,
        ended=payment_results(now, before_today=before.ended),
        days=(*before.days, *_days(today, 1)),
        reasons=_top_reasons(before.reasons + _reasons(_outcomes(today))),
        seconds_to_pay=_seconds_to_pay(now),
    )


def _before_today(now: datetime) -> _BeforeToday:
    settings = get_settings()
    key = f"oscar_mpesa:before_today:{settings.environment}:{midnight(now):%Y-%m-%d}"
    try:
        figures: Any = caches[settings.CACHE].get_or_set(key, lambda: _count_before_today(now), CACHE_SECONDS)
    except Exception:  # each cache backend raises its own
        logger.warning("M-PESA: the cache %s does not answer", settings.CACHE, exc_info=True)
        figures = _count_before_today(now)
    return cast("_BeforeToday", figures)


def _count_before_today(now: datetime) -> _BeforeToday:
    first = first_midnight(now)
    rows = _outcomes(first, midnight(now))
    paid = sum(number for status, _, number in rows if status == PaymentStatus.COMPLETED.value)
    ended = ResultCounts(paid=paid, failed=sum(number for _, _, number in rows) - paid)
    return _BeforeToday(ended=ended, days=_days(first, DAYS - 1), reasons=_reasons(rows))


def _days(first: datetime, number: int) -> tuple[Day, ...]:
    """Return the figures of ``number`` days. Compares times, because not every database has time zones."""
    starts = [first + timedelta(days=index) for index in range(number + 1)]
    # A receipt belongs to the latest day that had begun; a time after the shop's own clock counts as today.
    index = Case(
        *(When(paid_at__gte=start, then=Value(at)) for at, start in reversed(list(enumerate(starts[:-1])))),
        output_field=IntegerField(),
    )
    applied = MpesaReceipt.objects.order_by().filter(
        environment=get_settings().environment, allocation=Allocation.APPLIED, paid_at__gte=first
    )
    if number > 1:
        applied = applied.filter(paid_at__lt=starts[-1])
    net = Sum(F("amount") - Coalesce(F("returned_amount"), Decimal(0)))
    rows = applied.annotate(day_index=index).values_list("day_index").annotate(taken=net, receipts=Count("pk"))
    by_day = {at: (taken, receipts) for at, taken, receipts in rows}
    return tuple(_day(start, *by_day.get(at, (Decimal(0), 0))) for at, start in enumerate(starts[:-1]))


def _day(start: datetime, taken: Any, receipts: int) -> Day:
    return Day(day=start.date(), taken=Decimal(taken), receipts=receipts)


def _outcomes(first: datetime, until: datetime | None = None) -> list[tuple[str, str, int]]:
    """Return status, result code and number of the ended payments. Makes one query."""
    ended = ended_payments().filter(created_at__gte=first)
    if until is not None:
        ended = ended.filter(created_at__lt=until)
    return list(ended.values_list("status", "result_code").annotate(number=Count("pk")))


def _reasons(ended: list[tuple[str, str, int]]) -> Counter[str]:
    """Count the failed payments by the meaning of their result in English."""
    counts: Counter[str] = Counter()
    for status, code, number in ended:
        if status != PaymentStatus.COMPLETED.value:
            counts[result_codes.outcome_of(code, PaymentStatus(status)).meaning] += number
    return counts


def _top_reasons(counts: Counter[str]) -> tuple[Reason, ...]:
    top, total = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:REASONS_LISTED], counts.total()
    rest = total - sum(number for _, number in top)
    return tuple(
        Reason(meaning=meaning, number=number, percent=round(100 * number / total))
        for meaning, number in [*top, *([("", rest)] if rest else [])]
    )


def _seconds_to_pay(now: datetime) -> int | None:
    """Compute the median in Python, because few databases have one."""
    paid = ended_payments().filter(status=PaymentStatus.COMPLETED.value, created_at__gte=first_midnight(now))
    newest = paid.order_by("-created_at").values_list("push_sent_at", "completed_at")[:SAMPLE]
    waits = [(completed - pushed).total_seconds() for pushed, completed in newest if pushed and completed]
    return round(median(waits)) if waits else None
