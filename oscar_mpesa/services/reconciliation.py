"""Do the work that is due: run it from cron, systemd or Celery beat.

Any number of copies may run at once, on any number of hosts. Each item is reserved by compare-and-set in its own row.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, TypeAlias

from django.db.models import Case, F, QuerySet, Value, When

from oscar_mpesa.conf import settings_mistakes
from oscar_mpesa.daraja.client import QUERY_LIMIT
from oscar_mpesa.domain.timezone import start_of_day
from oscar_mpesa.models import MpesaJobRun, MpesaOrder, MpesaPayment
from oscar_mpesa.services import (
    booking_retries,
    callbacks,
    claim_matches,
    closure_failures,
    ledger_runs,
    limit_locks,
    order_changes,
    order_closure,
    outbox,
    rate_limits,
    search_index,
    status_query,
)
from oscar_mpesa.services.order_closure import CloseResult

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
    CONFIRMATION = "confirmation"
    CLAIM = "claim"
    CHANGE = "change"
    MONEY = "money"
    BOOKS = "books"
    ORDER = "order"
    MESSAGE = "message"
    INDEX = "index"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One item that was processed. If it is not ``done``, it failed and is retried later."""

    kind: Kind
    pk: int
    outcome: str
    done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One kind of work: how its due rows are found, in which order, and what is done with each."""

    kind: Kind
    find: Find
    process: Process
    order: tuple[Any, ...] = ("pk",)


def reconcile(clock: Clock) -> Iterator[Step]:
    """Process everything that is due, one item at a time. Must run outside a transaction.

    Retries callbacks and bookings, queries and expires payments, matches recorded payments, reassesses orders that
    the shop changed, closes unpaid orders, delivers messages, and indexes orders for the search. An item that raises is
    logged and stays due. The caller may stop between two steps. A complete pass also deletes old unverified posts and
    records a job run; the first one of a day deletes old push attempts and checks the ledger.
    """
    yield from _process(SAFE_ROUNDS if settings_mistakes() else ROUNDS, clock)
    callbacks.delete_unverified(now=clock())
    _finish_pass(clock())


def process_prompt_rounds(clock: Clock) -> Iterator[Step]:
    """Confirm payments and deliver messages that are due, as ``reconcile`` does. Records no job run.

    Whatever ``WAKE`` names runs this right after a commit.
    """
    yield from _process(PROMPT_ROUNDS, clock)


def record_job_run(job: str, *, now: datetime) -> None:
    """Record that a job finished, at most once in ``MINIMUM_INTERVAL``. Costs one query."""
    known = MpesaJobRun.objects.filter(job=job)
    if not known.filter(last_run_at__lt=now - MINIMUM_INTERVAL).update(last_run_at=now):
        known.get_or_create(job=job, defaults={"last_run_at": now})


def _finish_pass(now: datetime) -> None:
    """Record a complete pass, with one query if another was recorded today. The first one does the day's work."""
    today = MpesaJobRun.objects.filter(job=RECONCILE, last_run_at__gte=start_of_day(now))
    if today.filter(last_run_at__lt=now - MINIMUM_INTERVAL).update(last_run_at=now) or today.exists():
        return
    rate_limits.delete_old_attempts(now=now)
    limit_locks.delete_old_locks(now=now)
    ledger_runs.check_recent_rows(now=now)
    record_job_run(RECONCILE, now=now)


def last_job_run(job: str) -> datetime | None:
    """Return when a job last finished, or None if it never did."""
    return MpesaJobRun.objects.filter(job=job).values_list("last_run_at", flat=True).first()


def _process(rounds: Iterable[Round], clock: Clock) -> Iterator[Step]:
    for each in rounds:
        for row in _rows(each, clock):
            yield _step(each.kind, row, each.process, clock())


def _rows(each: Round, clock: Clock) -> Iterator[Any]:
    """Yield the rows that are due now, unless they are no longer due when their batch is read."""
    due = list(each.find(clock()).order_by(*each.order).values_list("pk", flat=True))
    for start in range(0, len(due), BATCH):
        batch = due[start : start + BATCH]
        rows = {row.pk: row for row in each.find(clock()).filter(pk__in=batch)}
        yield from (rows[pk] for pk in batch if pk in rows)


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
    status_query.refresh_payment(payment, now=now, limit=QUERY_LIMIT)
    return str(payment.status), True


def _unconfirmed_payments(now: datetime) -> QuerySet[Any]:
    return MpesaPayment.objects.due(now).exclude(unconfirmed_at=None).select_related("mpesa_order")


def _due_bookings(now: datetime) -> QuerySet[Any]:
    return booking_retries.due_bookings(now)


def _retry_booking(entry: Any, now: datetime) -> tuple[str, bool]:
    done = booking_retries.retry_booking(entry, now=now)
    return ("tried again" if done else "refused"), done


def _pending_matches(now: datetime) -> QuerySet[Any]:
    return claim_matches.pending_matches()


def _match_claim(receipt: Any, now: datetime) -> tuple[str, bool]:
    claim_matches.match_pending(receipt.number, receipt.environment, now=now)
    return "matched", True


def _changed_orders(now: datetime) -> QuerySet[Any]:
    return order_changes.changed_orders(now)


def _orders_without_check(now: datetime) -> QuerySet[Any]:
    return order_changes.orders_without_check(now)


def _follow_change(mpesa_order: Any, now: datetime) -> tuple[str, bool]:
    order_changes.follow_change(mpesa_order, now=now)
    return "reassessed", True


def _usable_money(now: datetime) -> QuerySet[Any]:
    return order_changes.usable_money(now)


def _reassess(receipt: Any, now: datetime) -> tuple[str, bool]:
    order_changes.reassess(receipt.meant_for_id, now=now)
    return "reassessed", True


def _expired_orders(now: datetime) -> QuerySet[Any]:
    return MpesaOrder.objects.filter(close_check_at__lte=now)


def _close_order(mpesa_order: Any, now: datetime) -> tuple[str, bool]:
    try:
        result = order_closure.close_expired_order(mpesa_order, now=now)
    except Exception:
        closure_failures.record_failure(mpesa_order, now=now)
        raise
    if result is not CloseResult.UNCHANGED:  # another worker may have reserved it
        closure_failures.clear_failures(mpesa_order)
    return result.value, True


def _pending_messages(now: datetime) -> QuerySet[Any]:
    return outbox.pending_messages(now).select_related(*outbox.RELATED)


def _unindexed_orders(now: datetime) -> QuerySet[Any]:
    return search_index.unindexed_orders().select_related(*(f"order__{each}" for each in search_index.PEOPLE))


def _index_order(mpesa_order: Any, now: datetime) -> tuple[str, bool]:
    search_index.index_order(mpesa_order, now=now)
    return "indexed", True


def _deliver(message: Any, now: datetime) -> tuple[str, bool]:
    delivery = outbox.deliver(message, now=now)
    outcome = delivery.value if delivery is outbox.Delivery.POSTPONED else str(message.kind)
    return outcome, delivery is not outbox.Delivery.FAILED


#: Live payments first, then those that have been due longest, so that none waits for ever for the minute's budget.
OLDEST_DUE = (
    Case(When(live_order=None, then=Value(1)), default=Value(0)),
    F("next_query_at").asc(nulls_last=True),
    "pk",
)

CONFIRMATIONS = Round(kind=Kind.CONFIRMATION, find=_unconfirmed_payments, process=_refresh_payment, order=OLDEST_DUE)
MESSAGES = Round(kind=Kind.MESSAGE, find=_pending_messages, process=_deliver)

PROMPT_ROUNDS = (MESSAGES, CONFIRMATIONS)

#: All work. The round of payments confirms them too.
ROUNDS = (
    Round(kind=Kind.CALLBACK, find=_unprocessed_callbacks, process=_retry_callback),
    Round(kind=Kind.PAYMENT, find=_due_payments, process=_refresh_payment, order=OLDEST_DUE),
    Round(kind=Kind.CLAIM, find=_pending_matches, process=_match_claim),
    Round(kind=Kind.CHANGE, find=_changed_orders, process=_follow_change),
    Round(kind=Kind.CHANGE, find=_orders_without_check, process=_follow_change),
    Round(kind=Kind.MONEY, find=_usable_money, process=_reassess),
    Round(kind=Kind.BOOKS, find=_due_bookings, process=_retry_booking),
    Round(kind=Kind.ORDER, find=_expired_orders, process=_close_order, order=("close_check_at", "pk")),
    MESSAGES,
    Round(kind=Kind.INDEX, find=_unindexed_orders, process=_index_order),
)

#: Rounds that change no order by itself. With an unusable ``OSCAR_MPESA``, the names of its statuses are in doubt.
SAFE_ROUNDS = tuple(each for each in ROUNDS if each.kind not in {Kind.CHANGE, Kind.MONEY, Kind.ORDER})
