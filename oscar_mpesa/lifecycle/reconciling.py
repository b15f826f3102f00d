"""Do what is due and nobody is waiting for: the verb behind cron, systemd and Celery beat.

Any number of copies on any number of hosts may run at once: each thing is claimed by a compare-and-set in its own row.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from django.db.models import QuerySet

from oscar_mpesa.lifecycle import allocating, asking, callbacks, due, heartbeat, releasing
from oscar_mpesa.models import Allocation, MpesaOrder, MpesaPayment, MpesaReceipt

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
    callbacks.forget_unverified(now=clock())
    heartbeat.beat(heartbeat.RECONCILE, now=clock())


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
    return callbacks.unfinished(now).select_related("payment__mpesa_order")


def _work_through(callback: Any, now: datetime) -> tuple[str, bool]:
    done = callbacks.try_again(callback, now=now)
    return str(callback.verdict), done


def _due_payments(now: datetime) -> QuerySet[Any]:
    return MpesaPayment.objects.due(now).select_related("mpesa_order")


def _attend(payment: Any, now: datetime) -> tuple[str, bool]:
    asking.attend(payment, now=now)
    return str(payment.status), True


def _refused_books(now: datetime) -> QuerySet[Any]:
    return MpesaReceipt.objects.filter(next_try_at__lte=now, allocation=Allocation.UNALLOCATED)


def _write_books(receipt: Any, now: datetime) -> tuple[str, bool]:
    done = allocating.try_books_again(receipt, now=now)
    return ("tried again" if done else "refused"), done


def _overdue_orders(now: datetime) -> QuerySet[Any]:
    return MpesaOrder.objects.filter(release_at__lte=now)


def _release(mpesa_order: Any, now: datetime) -> tuple[str, bool]:
    return releasing.release_overdue(mpesa_order, now=now).value, True


def _due_messages(now: datetime) -> QuerySet[Any]:
    return due.overdue(now).select_related(*due.WITH_ALL)


def _send(item: Any, now: datetime) -> tuple[str, bool]:
    return str(item.kind), due.send(item, now=now)


ROUNDS: tuple[tuple[Kind, Callable[[datetime], QuerySet[Any]], Callable[[Any, datetime], tuple[str, bool]]], ...] = (
    (Kind.CALLBACK, _unfinished_callbacks, _work_through),
    (Kind.PAYMENT, _due_payments, _attend),
    (Kind.BOOKS, _refused_books, _write_books),
    (Kind.ORDER, _overdue_orders, _release),
    (Kind.MESSAGE, _due_messages, _send),
)
