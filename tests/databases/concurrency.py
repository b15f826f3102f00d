"""Time that passes while nobody is waiting: a pass of ``reconcile`` each minute, and what is left to do."""

from __future__ import annotations

from datetime import timedelta

from django.apps import apps
from django.db.models import DateTimeField, F
from django.utils import timezone

from oscar_mpesa.models import MpesaCallback, MpesaOrder, MpesaOutboxMessage, MpesaPayment, MpesaReceipt, Verdict
from oscar_mpesa.services.reconciliation import reconcile

#: Minutes between two looks, until everything must have come to its end: a prompt, an order, a lease, a refused book.
LOOKS = (*[1] * 10, *[5] * 34)


class Clock:
    """A clock of one's own, moved on by hand."""

    def __init__(self) -> None:
        self.now = timezone.now()

    def passes(self, minutes: int) -> None:
        """Let so many minutes pass."""
        for _ in range(minutes):
            self._look(minutes=1)

    def until_nothing_is_due(self) -> None:
        """Let so much time pass that everything has come to its end; fails where something never does."""
        for minutes in LOOKS:
            self._look(minutes=minutes)
            if not whatever_waits():
                return
        raise AssertionError(f"after {sum(LOOKS)} minutes there waits still: {whatever_waits()}")

    def _look(self, *, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        list(reconcile(lambda: self.now))


def whatever_waits() -> dict[str, int]:
    """What is still to be done by a clock, by name and number; money that waits for a person is none of it."""
    waiting = {
        "live payments": MpesaPayment.objects.live().filter(on_hold=False),
        "callbacks": MpesaCallback.objects.filter(verdict__in=[Verdict.RECEIVED, Verdict.FAILED]),
        "books": MpesaReceipt.objects.exclude(next_try_at=None),
        "orders": MpesaOrder.objects.exclude(close_check_at=None),
        "messages": MpesaOutboxMessage.objects.filter(delivered_at=None),
    }
    return {name: count for name, rows in waiting.items() if (count := rows.count())}


def make_older(minutes: int) -> None:
    """Let so many minutes pass for all that is written down, where several processes look at the real clock."""
    gone = timedelta(minutes=minutes)
    for model in apps.get_app_config("oscar_mpesa").get_models():
        moments = [field.name for field in model._meta.fields if isinstance(field, DateTimeField)]
        if moments:
            model._base_manager.update(**{name: F(name) - gone for name in moments})
