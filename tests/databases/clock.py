"""Move a clock and run ``reconcile`` each minute, until no work is open."""

from __future__ import annotations

from datetime import timedelta

from django.apps import apps
from django.db.models import DateTimeField, Exists, F, OuterRef
from django.utils import timezone

from oscar_mpesa.models import MpesaAllocation, MpesaCallback, MpesaOrder, MpesaOutboxMessage, MpesaPayment, Verdict
from oscar_mpesa.services.ledger import unmatched_receipts
from oscar_mpesa.services.reconciliation import reconcile

#: The minutes between two passes. Together they outlast every prompt, order, lease and retry.
PASS_MINUTES = (*[1] * 10, *[5] * 34)


class Clock:
    """Run ``reconcile`` on a clock that the test moves."""

    def __init__(self) -> None:
        self.now = timezone.now()

    def run_minutes(self, minutes: int) -> None:
        """Run one pass a minute, for this many minutes."""
        for _ in range(minutes):
            self._run_pass(minutes=1)

    def run_until_done(self) -> None:
        """Run passes until no work is open; fail if some work never ends."""
        for minutes in PASS_MINUTES:
            self._run_pass(minutes=minutes)
            if not open_work():
                return
        raise AssertionError(f"after {sum(PASS_MINUTES)} minutes, work is still open: {open_work()}")

    def _run_pass(self, *, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        list(reconcile(lambda: self.now))


def open_work() -> dict[str, int]:
    """Return the number of rows that wait for the clock, by name; leave out money that waits for a person."""
    waiting = {
        "live payments": MpesaPayment.objects.live(),
        "callbacks": MpesaCallback.objects.filter(verdict__in=[Verdict.RECEIVED, Verdict.FAILED]),
        "bookings": MpesaAllocation.objects.exclude(next_try_at=None),
        "orders": MpesaOrder.objects.exclude(close_check_at=None).exclude(Exists(unmatched_receipts(OuterRef("pk")))),
        "messages": MpesaOutboxMessage.objects.filter(delivered_at=None),
    }
    return {name: count for name, rows in waiting.items() if (count := rows.count())}


def age_rows(minutes: int) -> None:
    """Move every moment in our tables this many minutes back, for processes that read the real clock."""
    age = timedelta(minutes=minutes)
    for model in apps.get_app_config("oscar_mpesa").get_models():
        moments = [field.name for field in model._meta.fields if isinstance(field, DateTimeField)]
        if moments:
            model._base_manager.update(**{name: F(name) - age for name in moments})
