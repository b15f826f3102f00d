"""Do what is due and nobody is waiting for: the verb behind cron, systemd and Celery beat.

Any number of copies on any number of hosts may run at once: each thing is claimed by a compare-and-set in its own row.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from django.db.models import QuerySet

from oscar_mpesa.models import Allocation, MpesaJobRun, MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.services import allocation, callbacks, order_closure, outbox, reconciliation, status_query

logger = logging.getLogger("oscar_mpesa")

#: Rows read at once, so that memory stays flat.
BATCH = 100

Clock = Callable[[], datetime]


class Kind(str, Enum):
    """What was taken up."""

    CALLBACK = "callback"
    PAYMENT = "payment"
    BOOKS = "books"
    ORDER = "order"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that was taken up. Not ``done``: it raised, or its code refused, and is tried again later."""

    kind: Kind
    pk: int
    outcome: str
    done: bool


def reconcile(clock: Clock) -> Iterator[Step]:
    """Take up all that is due, one thing at a time; must run outside a transaction. ``clock`` gives the time in UTC.

    Callbacks whose process died; questions, and ends, of prompts; books that the shop's own code refused; orders
    that are overdue; mails and announcements. What raises is logged and stays due. The caller may stop between two
    steps. Old unverified posts are forgotten on the way. A pass that came to its end leaves a heartbeat.
    """
    for kind, find, take_up in ROUNDS:
        for row in _rows(find, clock):
            yield _step(kind, row, take_up, clock())
    callbacks.delete_unverified(now=clock())
    reconciliation.record_job_run(reconciliation.RECONCILE, now=clock())


def _rows(find: Callable[[datetime], QuerySet[Any]], clock: Clock) -> Iterator[Any]:
    last = 0
    while True:
        rows = list(find(clock()).filter(pk__gt=last).order_by("pk")[:BATCH])
        yield from rows
        if len(rows) < BATCH:
            return
        last = rows[-1].pk


def _step(kind: Kind, row: Any, take_up: Callable[[Any, datetime], tuple[str, bool]], now: datetime) -> Step:
    try:
        outcome, done = take_up(row, now)
    except Exception as error:
        logger.exception("M-Pesa %s %s could not be taken up; it stays due", kind.value, row.pk)
        outcome, done = type(error).__name__, False
    return Step(kind=kind, pk=row.pk, outcome=outcome, done=done)


def _unfinished_callbacks(now: datetime) -> QuerySet[Any]:
    return callbacks.unprocessed_callbacks(now).select_related("payment__mpesa_order")


def _work_through(callback: Any, now: datetime) -> tuple[str, bool]:
    done = callbacks.retry_callback(callback, now=now)
    return str(callback.verdict), done


def _due_payments(now: datetime) -> QuerySet[Any]:
    return MpesaPayment.objects.due(now).select_related("mpesa_order")


def _attend(payment: Any, now: datetime) -> tuple[str, bool]:
    status_query.refresh_payment(payment, now=now)
    return str(payment.status), True


def _refused_books(now: datetime) -> QuerySet[Any]:
    return MpesaReceipt.objects.filter(next_try_at__lte=now, allocation=Allocation.UNALLOCATED)


def _write_books(receipt: Any, now: datetime) -> tuple[str, bool]:
    done = allocation.retry_booking(receipt, now=now)
    return ("tried again" if done else "refused"), done


def _overdue_orders(now: datetime) -> QuerySet[Any]:
    return MpesaOrder.objects.filter(close_check_at__lte=now)


def _release(mpesa_order: Any, now: datetime) -> tuple[str, bool]:
    return order_closure.close_expired_order(mpesa_order, now=now).value, True


def _due_messages(now: datetime) -> QuerySet[Any]:
    return outbox.pending_messages(now).select_related(*outbox.RELATED)


def _send(item: Any, now: datetime) -> tuple[str, bool]:
    return str(item.kind), outbox.deliver(item, now=now)


ROUNDS: tuple[tuple[Kind, Callable[[datetime], QuerySet[Any]], Callable[[Any, datetime], tuple[str, bool]]], ...] = (
    (Kind.CALLBACK, _unfinished_callbacks, _work_through),
    (Kind.PAYMENT, _due_payments, _attend),
    (Kind.BOOKS, _refused_books, _write_books),
    (Kind.ORDER, _overdue_orders, _release),
    (Kind.MESSAGE, _due_messages, _send),
)


RECONCILE = "reconcile"

#: A beat that is younger is let stand: copies and quick loops do not queue up for one row.
MINIMUM_INTERVAL = timedelta(seconds=20)


def record_job_run(job: str, *, now: datetime) -> None:
    """Note that it came to its end, within ``REST`` once; costs one query."""
    known = MpesaJobRun.objects.filter(job=job)
    if not known.filter(last_run_at__lt=now - MINIMUM_INTERVAL).update(last_run_at=now):
        known.get_or_create(job=job, defaults={"last_run_at": now})


def last_job_run(job: str) -> datetime | None:
    """When it last came to its end; None if it never did."""
    return MpesaJobRun.objects.filter(job=job).values_list("last_run_at", flat=True).first()
