"""Count the tries to close an order that raised, and make the pauses between them grow."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F, Value
from django.db.models.functions import Coalesce

from oscar_mpesa.models import MpesaOrder

#: The pause after the first failure. Each further pause is twice as long, up to the longest one.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=5), timedelta(hours=6)


def record_failure(mpesa_order: MpesaOrder, *, now: datetime) -> None:
    """Count one more failure in a row and postpone the next try. Must run outside the failed transaction."""
    doubled = FIRST_PAUSE * 2 ** min(mpesa_order.close_failures, 10)
    MpesaOrder.objects.filter(pk=mpesa_order.pk).update(
        close_failures=F("close_failures") + 1,
        close_failing_since=Coalesce("close_failing_since", Value(now)),
        close_check_at=now + min(doubled, LONGEST_PAUSE),
    )


def clear_failures(mpesa_order: MpesaOrder) -> None:
    """Forget the failures, because a try raised nothing. Costs a query only if there were failures."""
    if mpesa_order.close_failures:
        MpesaOrder.objects.filter(pk=mpesa_order.pk).update(close_failures=0, close_failing_since=None)
