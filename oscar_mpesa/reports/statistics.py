"""Compute the income and the results of payments, today and over 30 days in Nairobi.

The figures cover the shop's own environment only. Every query reads the rows of these days by an index, so the cost
does not grow with the shop's age. The figures of the days before today are cached for ten minutes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Any, cast

from django.db.models import CharField, Count, F, Q, Sum, Value

from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain import result_codes
from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.models import AllocationReason
from oscar_mpesa.reports.entry_kinds import INCOME, EntryKind, entries_of_kind
from oscar_mpesa.reports.success_rate import (
    PaymentResults,
    ResultCounts,
    ended_payments,
    first_midnight,
    midnight,
    payment_results,
)
from oscar_mpesa.services.shared_cache import SharedCache

#: The median covers this many of the newest paid payments.
SAMPLE = 500

#: How many reasons to list; the others are added up as one more.
REASONS_LISTED = 5

#: Seconds. Money of yesterday that is stored before 06:00 appears in the figures after at most this long.
CACHE_SECONDS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The income of one day, in shillings, and the number of receipts that were matched on it.

    The income can be below zero, because it excludes what was unmatched or refunded on the day.
    """

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
        """Return the income of all of the days."""
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
        days=(*before.days, *_days(today.date(), today.date())),
        reasons=_top_reasons(before.reasons + _reasons(_outcomes(today))),
        seconds_to_pay=_seconds_to_pay(now),
    )


def _before_today(now: datetime) -> _BeforeToday:
    settings = get_settings()
    key = f"oscar_mpesa:before_today:{settings.environment}:{midnight(now):%Y-%m-%d}"
    cache = SharedCache(settings.CACHE)
    figures = cache.get(key)
    if figures is None:
        figures = _count_before_today(now)
        cache.set(key, figures, CACHE_SECONDS)
    return cast("_BeforeToday", figures)


def _count_before_today(now: datetime) -> _BeforeToday:
    first, today = first_midnight(now), midnight(now)
    rows = _outcomes(first, today)
    paid = sum(number for status, _, number in rows if status == PaymentStatus.COMPLETED.value)
    ended = ResultCounts(paid=paid, failed=sum(number for _, _, number in rows) - paid)
    return _BeforeToday(
        ended=ended, days=_days(first.date(), midnight(now).date() - timedelta(days=1)), reasons=_reasons(rows)
    )


def _days(first: date, last: date) -> tuple[Day, ...]:
    """Return the figures of each day from ``first`` to ``last``. Makes one query."""
    environment = get_settings().environment
    parts = [_by_day(kind, entries_of_kind(kind, environment, first=first, last=last)) for kind in INCOME]
    taken: defaultdict[date, Decimal] = defaultdict(Decimal)
    receipts: Counter[date] = Counter()
    for kind, day, total, number in parts[0].union(*parts[1:], all=True):
        taken[day] += EntryKind(kind).income_sign * Decimal(total)
        receipts[day] += number
    days = [first + timedelta(days=index) for index in range((last - first).days + 1)]
    return tuple(Day(day=day, taken=taken[day], receipts=receipts[day]) for day in days)


def _by_day(kind: EntryKind, rows: Any) -> Any:
    """Return the day, the total and the number of receipts. What is left of a reversed entry is no new receipt."""
    is_new = ~Q(reason=AllocationReason.REPLACED)
    number = Count("receipt", distinct=True, filter=is_new) if kind is EntryKind.MATCHED else Value(0)
    by_day = rows.annotate(entry_kind=Value(kind.value, output_field=CharField()), entry_day=F(kind.day))
    counts = by_day.values("entry_kind", "entry_day").annotate(total=Sum("amount"), receipts_matched=number)
    return counts.values_list("entry_kind", "entry_day", "total", "receipts_matched")


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
