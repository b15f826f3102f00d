"""Do the work that is due: run it from cron, systemd or Celery beat.

Any number of copies may run at once, on any number of hosts. Each item is reserved by compare-and-set in its own row.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, TypeAlias

from django.db.models import QuerySet

from oscar_mpesa.models import Allocation, MpesaJobRun, MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.services import allocation, callbacks, order_closure, outbox, status_query

logger = logging.getLogger("oscar_mpesa")

#: Rows read at once, to limit memory.
BATCH = 100

#: The name of this job in ``MpesaJobRun``.
RECONCILE = "reconcile"

#: A job run is recorded this often at most, so that copies and quick loops don't wait for one row.
MINIMUM_INTERVAL = timedelta(seconds=20)

#: Returns the time in UTC.
Clock: TypeAlias = Callable[[], datetime]

#: Returns the rows that are due.
Find: TypeAlias = Callable[[datetime], QuerySet[Any]]

#: Processes one row; returns the outcome, and whether the work is done.
Process: TypeAlias = Callable[[Any, datetime], tuple[str, bool]]


class Kind(str, Enum):
    """The kind of item that was processed."""

    CALLBACK = "callback"
    PAYMENT = "payment"
    BOOKS = "books"
    ORDER = "order"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One item that was processed. If it is not ``done``, it failed and is retried later."""

    kind: Kind
    pk: int
    outcome: str
    done: bool


def reconcile(clock: Clock) -> Iterator[Step]:
    """Process everything that is due, one item at a time. Must run outside a transaction.

    Retries callbacks and bookings, queries and expires payments, closes unpaid orders, and delivers messages. An item
    that raises is logged and stays due. The caller may stop between two steps. A complete pass also deletes old
    unverified posts and records a job run.
    """
    for kind, find, process in ROUNDS:
        for row in _rows(find, clock):
            yield _step(kind, row, process, clock())
    callbacks.delete_unverified(now=clock())
    record_job_run(RECONCILE, now=clock())


def record_job_run(job: str, *, now: datetime) -> None:
    """Record that a job finished, at most once in ``MINIMUM_INTERVAL``. Costs one query."""
    known = MpesaJobRun.objects.filter(job=job)
    if not known.filter(last_run_at__lt=now - MINIMUM_INTERVAL).update(last_run_at=now):
        known.get_or_create(job=job, defaults={"last_run_at": now})


def last_job_run(job: str) -> datetime | None:
    """Return when a job last finished, or None if it never did."""
    return MpesaJobRun.objects.filter(job=job).values_list("last_run_at", flat=True).first()


def _rows(find: Find, clock: Clock) -> Iterator[Any]:
    last = 0
    while True:
        rows = list(find(clock()).filter(pk__gt=last).order_by("pk")[:BATCH])
        yield from rows
        if len(rows) < BATCH:
            return
        last = rows[-1].pk


def _step(kind: Kind, row: Any, process: Process, now: datetime) -> Step:
    try:
        outcome, done = process(row, now)
    except Exception as error:
        logger.exception("M-PESA %s %s could not be processed; it stays due", kind.value, row.pk)
        outcome, done = type(error).__name__, False
    return Step(kind=kind, pk=row.pk, outcome=outcome, done=done)


def _unprocessed_callbacks(now: datetime) -> QuerySet[Any]:
    return callbacks.unprocessed_callbacks(now).select_related("payment__mpesa_order")


def _retry_callback(callback: Any, now: datetime) -> tuple[str, bool]:
    done = callbacks.retry_callback(callback, now=now)
    return str(callback.verdict), done


def _due_payments(now: datetime) -> QuerySet[Any]:
    return MpesaPayment.objects.due(now).select_related("mpesa_order")


def _refresh_payment(payment: Any, now: datetime) -> tuple[str, bool]:
    status_query.refresh_payment(payment, now=now)
    return str(payment.status), True


def _unbooked_receipts(now: datetime) -> QuerySet[Any]:
    return MpesaReceipt.objects.filter(next_try_at__lte=now, allocation=Allocation.UNALLOCATED)


def _retry_booking(receipt: Any, now: datetime) -> tuple[str, bool]:
    done = allocation.retry_booking(receipt, now=now)
    return ("tried again" if done else "refused"), done


def _expired_orders(now: datetime) -> QuerySet[Any]:
    return MpesaOrder.objects.filter(close_check_at__lte=now)


def _close_order(mpesa_order: Any, now: datetime) -> tuple[str, bool]:
    return order_closure.close_expired_order(mpesa_order, now=now).value, True


def _pending_messages(now: datetime) -> QuerySet[Any]:
    return outbox.pending_messages(now).select_related(*outbox.RELATED)


def _deliver(message: Any, now: datetime) -> tuple[str, bool]:
    return str(message.kind), outbox.deliver(message, now=now)


ROUNDS: tuple[tuple[Kind, Find, Process], ...] = (
    (Kind.CALLBACK, _unprocessed_callbacks, _retry_callback),
    (Kind.PAYMENT, _due_payments, _refresh_payment),
    (Kind.BOOKS, _unbooked_receipts, _retry_booking),
    (Kind.ORDER, _expired_orders, _close_order),
    (Kind.MESSAGE, _pending_messages, _deliver),
)
