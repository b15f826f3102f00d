"""Retry to write the shop's books, until they say what the ledger says."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from oscar_mpesa.models import MpesaAllocation
from oscar_mpesa.services.bookings import pause_after
from oscar_mpesa.services.commit import durable_transaction
from oscar_mpesa.services.deadlocks import repeat_on_deadlock
from oscar_mpesa.services.locks import lock_mpesa_order
from oscar_mpesa.services.reassessment import reassess_order


def due_bookings(now: datetime) -> QuerySet[MpesaAllocation]:
    """Return the allocations whose booking is to be tried again."""
    return MpesaAllocation.objects.filter(next_try_at__lte=now)


def retry_booking(allocation: MpesaAllocation, *, now: datetime) -> bool:
    """Reassess an order and write its books after the shop's own code raised; return False if it raised once more.

    Must run outside a transaction. Locks the order. Reserves the allocation by compare-and-set on ``tries`` and
    ``next_try_at``; returns True if another worker was first. If the process dies, the allocation is due again when
    the reservation ends.
    """
    if not _reserve(allocation, now):
        return True
    assert allocation.order_id is not None  # nosec B101 # narrows the type
    _reassess(allocation.order_id, now)
    allocation.refresh_from_db()
    return not allocation.error


@repeat_on_deadlock
def _reserve(allocation: MpesaAllocation, now: datetime) -> bool:
    due = MpesaAllocation.objects.filter(pk=allocation.pk, tries=allocation.tries, next_try_at__lte=now)
    return bool(due.update(next_try_at=now + pause_after(allocation.tries + 1)))


@repeat_on_deadlock
def _reassess(order_id: int, now: datetime) -> None:
    with durable_transaction():
        reassess_order(lock_mpesa_order(order_id), now=now)
