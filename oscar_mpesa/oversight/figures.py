"""What came in, today and within 30 days of Nairobi's calendar, and why the rest did not.

The figures are of one environment, the shop's own: production is money, and the others are marked as tests by who shows
them. They are asked for by index, from the rows of these days alone, so that they cost no more in an old shop.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

from django.db.models import Case, Count, F, IntegerField, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce

from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain import outcomes
from oscar_mpesa.domain.status import FINAL, Status
from oscar_mpesa.models import Allocation, MpesaPayment, MpesaReceipt
from oscar_mpesa.oversight.attempts import DAYS, Attempts, attempts, first_midnight

#: The median is taken of so many paid attempts, the newest ones.
SAMPLE = 500

#: So many reasons are told one by one, and what is left as one more.
REASONS = 5


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
class Figures:
    """All that the overview shows in numbers. ``seconds_to_pay`` is a median, None where nobody paid."""

    environment: str
    ended: Attempts
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


def figures(now: datetime, *, ended: Attempts | None = None) -> Figures:
    """The figures of the shop's own environment; four queries, or three with ``ended`` counted already."""
    return Figures(
        environment=get_settings().environment,
        ended=ended or attempts(now),
        days=_days(now),
        reasons=_reasons(now),
        seconds_to_pay=_seconds_to_pay(now),
    )


def _days(now: datetime) -> tuple[Day, ...]:
    """By comparing moments: not every database knows Nairobi's days, and this one need not."""
    starts = [first_midnight(now) + timedelta(days=number) for number in range(DAYS)]
    # The newest start that is not after it is its day; a moment that the owner's clock has not reached is today's.
    place = Case(
        *(When(paid_at__gte=start, then=Value(number)) for number, start in reversed(list(enumerate(starts)))),
        output_field=IntegerField(),
    )
    applied = MpesaReceipt.objects.order_by().filter(
        environment=get_settings().environment, allocation=Allocation.APPLIED, paid_at__gte=starts[0]
    )
    net = Sum(F("amount") - Coalesce(F("returned_amount"), Decimal(0)))
    rows = applied.annotate(place=place).values_list("place").annotate(taken=net, receipts=Count("pk"))
    known = {number: (taken, receipts) for number, taken, receipts in rows}
    return tuple(_day(start, *known.get(number, (Decimal(0), 0))) for number, start in enumerate(starts))


def _day(start: datetime, taken: Any, receipts: int) -> Day:
    return Day(day=start.date(), taken=Decimal(taken), receipts=receipts)


def _reasons(now: datetime) -> tuple[Reason, ...]:
    counts: Counter[str] = Counter()
    unpaid = _made(now, *(FINAL - {Status.COMPLETED}))
    for status, code, number in unpaid.values_list("status", "result_code").annotate(number=Count("pk")):
        counts[outcomes.of(code, Status(status)).meaning] += number
    told, total = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:REASONS], counts.total()
    left = total - sum(number for _, number in told)
    return tuple(
        Reason(meaning=meaning, number=number, percent=round(100 * number / total))
        for meaning, number in [*told, *([("", left)] if left else [])]
    )


def _seconds_to_pay(now: datetime) -> int | None:
    """The median in Python, because few databases have one."""
    newest = _made(now, Status.COMPLETED).order_by("-created_at").values_list("prompted_at", "completed_at")[:SAMPLE]
    waits = [(completed - prompted).total_seconds() for prompted, completed in newest if prompted and completed]
    return round(median(waits)) if waits else None


def _made(now: datetime, *statuses: Status) -> QuerySet[MpesaPayment]:
    return MpesaPayment.objects.order_by().filter(
        environment=get_settings().environment,
        status__in=[status.value for status in statuses],
        created_at__gte=first_midnight(now),
    )
