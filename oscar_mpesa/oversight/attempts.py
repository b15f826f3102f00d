"""How attempts ended, within the spans of time that the desk and the alarms look at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.db.models import Count, Q

from oscar_mpesa.conf import get_settings
from oscar_mpesa.daraja.messages import NAIROBI
from oscar_mpesa.domain.status import FINAL, Status
from oscar_mpesa.models import MpesaPayment

#: Days of Nairobi's calendar that "30 days" are, today included.
DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Attempts that came to an end: with money, and without."""

    paid: int = 0
    failed: int = 0

    @property
    def total(self) -> int:
        """All that ended."""
        return self.paid + self.failed

    @property
    def percent(self) -> int | None:
        """Of a hundred, so many were paid; None where none ended."""
        return round(100 * self.paid / self.total) if self.total else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """How the attempts of the last hour, of 24 hours, of today and of 30 days ended, by when they were made."""

    hour: Ended
    day: Ended
    today: Ended
    month: Ended


def attempts(now: datetime) -> Attempts:
    """Count what ended in the shop's own environment; one query, answered by an index alone."""
    spans = {
        "hour": now - timedelta(hours=1),
        "day": now - timedelta(days=1),
        "today": midnight(now),
        "month": first_midnight(now),
    }
    made = MpesaPayment.objects.order_by().filter(
        environment=get_settings().environment,
        status__in=[status.value for status in FINAL],
        created_at__gte=spans["month"],
    )
    counts = {name: Count("pk", filter=Q(created_at__gte=since)) for name, since in spans.items()}
    rows: list[Any] = list(made.values("status").annotate(**counts))
    return Attempts(**{name: _ended(rows, name) for name in spans})


def midnight(now: datetime) -> datetime:
    """When today began in Nairobi."""
    return datetime.combine(now.astimezone(NAIROBI).date(), time.min, NAIROBI)


def first_midnight(now: datetime) -> datetime:
    """When the first of the 30 days began in Nairobi."""
    return midnight(now) - timedelta(days=DAYS - 1)


def _ended(rows: list[Any], span: str) -> Ended:
    paid = sum(int(row[span]) for row in rows if row["status"] == Status.COMPLETED.value)
    return Ended(paid=paid, failed=sum(int(row[span]) for row in rows) - paid)
