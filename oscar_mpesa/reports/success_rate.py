"""How attempts ended, within the spans of time that the desk and the alarms look at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet

from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain.payment_status import FINAL, PaymentStatus
from oscar_mpesa.domain.timezone import NAIROBI
from oscar_mpesa.models import MpesaPayment

#: Days of Nairobi's calendar that "30 days" are, today included.
DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultCounts:
    """Attempts that came to an end: with money, and without."""

    paid: int = 0
    failed: int = 0

    def __add__(self, other: ResultCounts) -> ResultCounts:
        """Of both spans, which have no attempt in common."""
        return ResultCounts(paid=self.paid + other.paid, failed=self.failed + other.failed)

    @property
    def total(self) -> int:
        """All that ended."""
        return self.paid + self.failed

    @property
    def percent(self) -> int | None:
        """Of a hundred, so many were paid; None where none ended."""
        return round(100 * self.paid / self.total) if self.total else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentResults:
    """How the attempts of the last hour, of 24 hours, of today and of 30 days ended, by when they were made."""

    hour: ResultCounts
    day: ResultCounts
    today: ResultCounts
    month: ResultCounts


def payment_results(now: datetime, *, before_today: ResultCounts | None = None) -> PaymentResults:
    """Count what ended in the shop's own environment; one query, answered by an index alone.

    ``before_today`` is what ended on the 29 days before it, where somebody has counted that already.
    """
    spans = {
        "hour": now - timedelta(hours=1),
        "day": now - timedelta(days=1),
        "today": midnight(now),
        "month": first_midnight(now) if before_today is None else midnight(now),
    }
    made = ended_payments().filter(created_at__gte=min(spans.values()))
    counts = {name: Count("pk", filter=Q(created_at__gte=since)) for name, since in spans.items()}
    rows: list[Any] = list(made.values("status").annotate(**counts))
    ended = {name: _ended(rows, name) for name in spans}
    return PaymentResults(**{**ended, "month": ended["month"] + (before_today or ResultCounts())})


def ended_payments() -> QuerySet[MpesaPayment]:
    """Attempts of the shop's own environment that came to an end."""
    final = [status.value for status in FINAL]
    return MpesaPayment.objects.order_by().filter(environment=get_settings().environment, status__in=final)


def midnight(now: datetime) -> datetime:
    """When today began in Nairobi."""
    return datetime.combine(now.astimezone(NAIROBI).date(), time.min, NAIROBI)


def first_midnight(now: datetime) -> datetime:
    """When the first of the 30 days began in Nairobi."""
    return midnight(now) - timedelta(days=DAYS - 1)


def _ended(rows: list[Any], span: str) -> ResultCounts:
    paid = sum(int(row[span]) for row in rows if row["status"] == PaymentStatus.COMPLETED.value)
    return ResultCounts(paid=paid, failed=sum(int(row[span]) for row in rows) - paid)
