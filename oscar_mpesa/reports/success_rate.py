"""Count paid and failed payments over the periods that the dashboard and the alerts use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet

from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain.payment_status import FINAL, PaymentStatus
from oscar_mpesa.domain.timezone import start_of_day
from oscar_mpesa.models import MpesaPayment

#: Calendar days in Nairobi that make up "30 days", today included.
DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultCounts:
    """How many payments ended with money, and how many without."""

    paid: int = 0
    failed: int = 0

    def __add__(self, other: ResultCounts) -> ResultCounts:
        """Add the counts of two periods that do not overlap."""
        return ResultCounts(paid=self.paid + other.paid, failed=self.failed + other.failed)

    @property
    def total(self) -> int:
        """Return how many payments ended."""
        return self.paid + self.failed

    @property
    def percent(self) -> int | None:
        """Return the share of paid payments in percent, None if no payment ended."""
        return round(100 * self.paid / self.total) if self.total else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentResults:
    """The counts of payments created within an hour, 24 hours, today and 30 days."""

    hour: ResultCounts
    day: ResultCounts
    today: ResultCounts
    month: ResultCounts


def payment_results(now: datetime, *, before_today: ResultCounts | None = None) -> PaymentResults:
    """Count the ended payments of the shop's own environment. Makes one query, which an index alone answers.

    ``before_today`` is the count of the 29 days before today, if the caller has it.
    """
    spans = {
        "hour": now - timedelta(hours=1),
        "day": now - timedelta(days=1),
        "today": midnight(now),
        "month": first_midnight(now) if before_today is None else midnight(now),
    }
    payments = ended_payments().filter(created_at__gte=min(spans.values()))
    counts = {name: Count("pk", filter=Q(created_at__gte=since)) for name, since in spans.items()}
    rows: list[Any] = list(payments.values("status").annotate(**counts))
    results = {name: _counts(rows, name) for name in spans}
    return PaymentResults(**{**results, "month": results["month"] + (before_today or ResultCounts())})


def ended_payments() -> QuerySet[MpesaPayment]:
    """Return the payments of the shop's own environment that have a final status."""
    final = [status.value for status in FINAL]
    return MpesaPayment.objects.order_by().filter(environment=get_settings().environment, status__in=final)


def midnight(now: datetime) -> datetime:
    """Return the start of today in Nairobi."""
    return start_of_day(now)


def first_midnight(now: datetime) -> datetime:
    """Return the start of the first of the 30 days in Nairobi."""
    return midnight(now) - timedelta(days=DAYS - 1)


def _counts(rows: list[Any], span: str) -> ResultCounts:
    paid = sum(int(row[span]) for row in rows if row["status"] == PaymentStatus.COMPLETED.value)
    return ResultCounts(paid=paid, failed=sum(int(row[span]) for row in rows) - paid)
