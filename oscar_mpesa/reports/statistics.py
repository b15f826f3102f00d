"""What came in, today and within 30 days of Nairobi's calendar, and why the rest did not.

The figures are of one environment, the shop's own: production is money, and the others are marked as tests by who shows
them. They are asked for by index, from the rows of these days alone, so that they cost no more in an old shop; and the
days before today are remembered for ten minutes, so that they cost little in a busy one.
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

#: The median is taken of so many paid attempts, the newest ones.
SAMPLE = 500

#: So many reasons are told one by one, and what is left as one more.
REASONS = 5

#: Seconds; what changes about the days before today (late money, a return) is seen so much later in the figures.
CACHED_FOR = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What was taken on one day, net of what was sent back in part: whole or broken shillings, and arrivals."""

    day: date
    taken: Decimal = Decimal(0)
    receipts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why attempts ended without money: the meaning in English, how many, and how many of a hundred.

    ``meaning`` is empty for what is left after those that are told one by one.
    """

    meaning: str
    number: int
    percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """All that the overview shows in numbers. ``seconds_to_pay`` is a median, None where nobody paid."""

    environment: str
    ended: PaymentResults
    days: tuple[Day, ...]
    reasons: tuple[Reason, ...]
    seconds_to_pay: int | None

    @property
    def today(self) -> Day:
        """The last of the days."""
        return self.days[-1]

    @property
    def taken(self) -> Decimal:
        """On all of the days."""
        return sum((day.taken for day in self.days), Decimal(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class _BeforeToday:
    """What the 29 days before today add to the figures."""

    ended: ResultCounts
    days: tuple[Day, ...]
    reasons: Counter[str]


def statistics(now: datetime) -> Statistics:
    """The figures of the shop's own environment; four queries, and two more every ten minutes."""
    before, today = _before_today(now), midnight(now)
    return Statistics(
        environment=get_settings().environment,
        ended=payment_results(now, before_today=before.ended),
        days=(*before.days, *_days(today, 1)),
        reasons=_told(before.reasons + _reasons(_outcomes(today))),
        seconds_to_pay=_seconds_to_pay(now),
    )


def _before_today(now: datetime) -> _BeforeToday:
    settings = get_settings()
    key = f"oscar_mpesa:before_today:{settings.environment}:{midnight(now):%Y-%m-%d}"
    try:
        known: Any = caches[settings.CACHE].get_or_set(key, lambda: _count_before_today(now), CACHED_FOR)
    except Exception:  # of a kind that each cache has for itself
        logger.warning("M-Pesa: the cache %s does not answer", settings.CACHE, exc_info=True)
        known = _count_before_today(now)
    return cast("_BeforeToday", known)


def _count_before_today(now: datetime) -> _BeforeToday:
    first = first_midnight(now)
    rows = _outcomes(first, midnight(now))
    paid = sum(number for status, _, number in rows if status == PaymentStatus.COMPLETED.value)
    ended = ResultCounts(paid=paid, failed=sum(number for _, _, number in rows) - paid)
    return _BeforeToday(ended=ended, days=_days(first, DAYS - 1), reasons=_reasons(rows))


def _days(first: datetime, number: int) -> tuple[Day, ...]:
    """So many days. By comparing moments: not every database knows Nairobi's days, and this one need not."""
    starts = [first + timedelta(days=place) for place in range(number + 1)]
    # The newest start that is not after it is its day; a moment that the owner's clock has not reached is today's.
    place = Case(
        *(When(paid_at__gte=start, then=Value(at)) for at, start in reversed(list(enumerate(starts[:-1])))),
        output_field=IntegerField(),
    )
    applied = MpesaReceipt.objects.order_by().filter(
        environment=get_settings().environment, allocation=Allocation.APPLIED, paid_at__gte=first
    )
    if number > 1:
        applied = applied.filter(paid_at__lt=starts[-1])
    net = Sum(F("amount") - Coalesce(F("returned_amount"), Decimal(0)))
    rows = applied.annotate(place=place).values_list("place").annotate(taken=net, receipts=Count("pk"))
    known = {at: (taken, receipts) for at, taken, receipts in rows}
    return tuple(_day(start, *known.get(at, (Decimal(0), 0))) for at, start in enumerate(starts[:-1]))


def _day(start: datetime, taken: Any, receipts: int) -> Day:
    return Day(day=start.date(), taken=Decimal(taken), receipts=receipts)


def _outcomes(first: datetime, until: datetime | None = None) -> list[tuple[str, str, int]]:
    """Status, result code and number of the attempts that ended; one query."""
    ended = ended_payments().filter(created_at__gte=first)
    if until is not None:
        ended = ended.filter(created_at__lt=until)
    return list(ended.values_list("status", "result_code").annotate(number=Count("pk")))


def _reasons(ended: list[tuple[str, str, int]]) -> Counter[str]:
    """How many ended without money, by their meaning in English."""
    counts: Counter[str] = Counter()
    for status, code, number in ended:
        if status != PaymentStatus.COMPLETED.value:
            counts[result_codes.outcome_of(code, PaymentStatus(status)).meaning] += number
    return counts


def _told(counts: Counter[str]) -> tuple[Reason, ...]:
    told, total = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:REASONS], counts.total()
    left = total - sum(number for _, number in told)
    return tuple(
        Reason(meaning=meaning, number=number, percent=round(100 * number / total))
        for meaning, number in [*told, *([("", left)] if left else [])]
    )


def _seconds_to_pay(now: datetime) -> int | None:
    """The median in Python, because few databases have one."""
    paid = ended_payments().filter(status=PaymentStatus.COMPLETED.value, created_at__gte=first_midnight(now))
    newest = paid.order_by("-created_at").values_list("push_sent_at", "completed_at")[:SAMPLE]
    waits = [(completed - prompted).total_seconds() for prompted, completed in newest if prompted and completed]
    return round(median(waits)) if waits else None
