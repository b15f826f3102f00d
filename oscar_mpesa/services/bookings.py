"""Write allocations into the shop's books, and announce that an order is paid or no longer paid.

An allocation counts whether it is booked or not. If the shop's own code raises, booking is retried for days.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction

from oscar_mpesa.models import EventType, MessageKind, MpesaAllocation, MpesaReceipt
from oscar_mpesa.services import audit, outbox
from oscar_mpesa.services.commit import durable_transaction
from oscar_mpesa.services.deadlocks import repeat_on_deadlock
from oscar_mpesa.services.entries import subject_of_receipt
from oscar_mpesa.services.ledger import TOLERANCE, Ledger, read_ledger
from oscar_mpesa.services.locks import lock_mpesa_order
from oscar_mpesa.services.ports import FATAL_ERRORS, shop

logger = logging.getLogger("oscar_mpesa")

#: When booking is retried after the shop's own code raised. Each further pause is twice as long.
FIRST_RETRY = timedelta(minutes=1)

#: After this many tries, almost three days, booking is not retried, and an alert stays.
MAX_TRIES = 12

#: What an order owes after an entry and after its reversal.
BALANCE_FIELDS = ("balance_after", "balance_after_reversal")

#: What booking changes of an entry. Everything else may have changed meanwhile.
BOOKING_FIELDS = (
    *("booked_at", "reversal_booked_at", "oscar_source_id", "oscar_event_id"),
    *("tries", "error", "next_try_at", *BALANCE_FIELDS),
)


def book_order(ledger: Ledger, *, now: datetime) -> None:
    """Write what the shop's books lack of an order, each entry in a savepoint; then announce what changed.

    The caller locks the order and has written its sums. Never raises what the shop's own code raises, except
    ``FATAL_ERRORS``: a deadlock has undone part of the transaction.
    """
    stamped = _stamp(ledger, now)
    entries = [each for each in ledger.allocations if each.order_id == ledger.mpesa_order.pk and _lacks(each)]
    entries.sort(key=lambda each: (each.is_active, each.pk))  # reversals first
    is_marked = False
    for entry in entries:
        if not entry.is_active:
            _book_reversal(entry, ledger, now)
        elif _lacks(entry) and not _follows_booked(entry, ledger):
            others = (each for each in ledger.active if each is not entry)
            completes = _is_newly_paid(ledger) and not any(_lacks(each) for each in others)
            _book(entry, ledger, completes=completes, now=now)
            is_marked = completes and not entry.error
    for entry in stamped:
        is_saved = now in {entry.booked_at, entry.reversal_booked_at} and entry.handed_over_at is None
        if not entry.error and not is_saved:  # booking saved the others
            entry.save(update_fields=BALANCE_FIELDS)
    _announce(ledger, now, is_marked=is_marked)


def _stamp(ledger: Ledger, now: datetime) -> list[MpesaAllocation]:
    """Keep with each entry made, handed over or reversed now what the order owes after it; return these entries."""
    own = [each for each in ledger.allocations if each.order_id == ledger.mpesa_order.pk]
    made = [each for each in own if each.counted_at == now and each.balance_after is None]
    reversed_now = [each for each in own if each.reversed_at == now and each.balance_after_reversal is None]
    for entry in made:
        entry.balance_after = ledger.balance
    for entry in reversed_now:
        entry.balance_after_reversal = ledger.balance
    return made + [each for each in reversed_now if each not in made]


def name_entries(entries: list[MpesaAllocation], ledger: Ledger, *, now: datetime) -> None:
    """Write an M-PESA code that arrived later into the books of these allocations."""
    for entry in entries:
        if entry.is_active and entry.booked_at is not None:
            _try(entry, ledger, partial(shop().name_allocation, entry, ledger.mpesa_order.order), now)


def name_later(entry: MpesaAllocation, *, now: datetime) -> None:
    """Let ``reconcile`` write the code of money into the books of an order that the caller does not lock."""
    if entry.booked_at is not None:
        entry.next_try_at = now
        entry.save(update_fields=["next_try_at"])


@repeat_on_deadlock
def name_receipt(receipt: MpesaReceipt, order_id: int, *, now: datetime) -> None:
    """Write a receipt's M-PESA code into the books of an order. Must run outside a transaction. Locks the order."""
    with durable_transaction():
        ledger = read_ledger(lock_mpesa_order(order_id))
        name_entries([each for each in ledger.proven if each.receipt_id == receipt.pk], ledger, now=now)


def _lacks(entry: MpesaAllocation) -> bool:
    """Return whether the last step of an entry is not in the books, or its code has to be written there."""
    if entry.is_active:
        return entry.booked_at is None or bool(entry.error) or entry.next_try_at is not None
    return entry.booked_at is not None and entry.reversal_booked_at is None


def _is_newly_paid(ledger: Ledger) -> bool:
    """Return whether the order is paid, and that is not announced yet."""
    mpesa_order = ledger.mpesa_order
    return mpesa_order.is_paid and mpesa_order.paid_count == mpesa_order.unpaid_count and bool(ledger.active)


def _book(entry: MpesaAllocation, ledger: Ledger, *, completes: bool, now: datetime) -> None:
    order = ledger.mpesa_order.order

    def write() -> None:
        if entry.booked_at is None:
            ids = shop().write_allocation(entry, order, completes=completes)
            entry.oscar_source_id, entry.oscar_event_id, entry.booked_at = ids.source, ids.event, now
            for refund in ledger.completed_refunds(entry):  # recorded while the shop's own code raised
                refund.allocation = entry
                shop().write_refund(refund, order)
        else:
            shop().name_allocation(entry, order)
        if completes:
            shop().mark_paid(order)

    _try(entry, ledger, write, now)


def _book_reversal(entry: MpesaAllocation, ledger: Ledger, now: datetime) -> None:
    """Write that an entry is reversed. What remains of it keeps its row in the books, so it is booked with this."""
    kept = next((each for each in ledger.active if _is_rest_of(entry, each)), None)
    amount = entry.amount - kept.amount if kept else entry.amount

    def write() -> None:
        shop().reverse_allocation(entry, ledger.mpesa_order.order, amount=amount)
        if kept is not None and kept.number:
            shop().name_allocation(kept, ledger.mpesa_order.order)  # the code may have arrived meanwhile
        entry.reversal_booked_at = now

    _try(entry, ledger, write, now)
    if kept is not None and entry.reversal_booked_at is not None:
        kept.booked_at = now
        kept.save(update_fields=["booked_at", *BALANCE_FIELDS])


def _is_rest_of(entry: MpesaAllocation, other: MpesaAllocation) -> bool:
    """Return whether an allocation that is not booked yet takes over the row of a reversed one."""
    is_unbooked = other.is_active and other.booked_at is None and other.oscar_source_id is not None
    return is_unbooked and other.oscar_source_id == entry.oscar_source_id


def _follows_booked(entry: MpesaAllocation, ledger: Ledger) -> bool:
    """Return whether an entry waits for the booking of the reversed entry whose row it takes over."""
    reversed_ones = (each for each in ledger.allocations if not each.is_active and _lacks(each))
    return any(_is_rest_of(each, entry) for each in reversed_ones)


def _try(entry: MpesaAllocation, ledger: Ledger, write: Callable[[], None], now: datetime) -> None:
    """Write in a savepoint, and keep what the shop's own code raises for the next try."""
    before = booked_at, reversal_booked_at, source_id, event_id = _booked(entry)
    try:
        with transaction.atomic():
            write()
    except FATAL_ERRORS:
        raise
    except Exception as error:
        logger.exception("M-PESA order %s: the shop's own code refused the books", ledger.mpesa_order.pk)
        entry.booked_at, entry.reversal_booked_at = booked_at, reversal_booked_at
        entry.oscar_source_id, entry.oscar_event_id = source_id, event_id
        entry.tries, entry.error = entry.tries + 1, repr(error)
        entry.next_try_at = now + pause_after(entry.tries) if entry.tries < MAX_TRIES else None
        ledger.mpesa_order.order.refresh_from_db()
    else:
        if not entry.error and entry.next_try_at is None and before == _booked(entry):
            return  # nothing to save
        entry.tries, entry.error, entry.next_try_at = 0, "", None
    entry.save(update_fields=BOOKING_FIELDS)


def _booked(entry: MpesaAllocation) -> tuple[Any, Any, Any, Any]:
    return entry.booked_at, entry.reversal_booked_at, entry.oscar_source_id, entry.oscar_event_id


def pause_after(tries: int) -> timedelta:
    """Return how long to wait after so many tries."""
    return FIRST_RETRY * int(2 ** (tries - 1))


def _mark_paid(ledger: Ledger, now: datetime) -> bool:
    """Move the order on; return False if the shop's own code raised. Then the newest entry keeps the error."""
    newest = ledger.active[-1]
    _try(newest, ledger, lambda: shop().mark_paid(ledger.mpesa_order.order), now)
    return not newest.error


def _lost_money(ledger: Ledger) -> bool:
    """Return whether the order is no longer paid because money went away. One that only got dearer has lost none."""
    if ledger.mpesa_order.is_paid:
        return False
    return ledger.is_canceled or ledger.covered_before - ledger.covered >= TOLERANCE


def _announce(ledger: Ledger, now: datetime, *, is_marked: bool) -> None:
    mpesa_order = ledger.mpesa_order
    if _is_newly_paid(ledger):
        if any(_lacks(each) for each in ledger.active) or not (is_marked or _mark_paid(ledger, now)):
            return
        mpesa_order.order.refresh_from_db(fields=["status"])
        if ledger.is_canceled:
            return  # by the shop's code, while the books were written: followed after the commit
        newest = ledger.active[-1].receipt
        mpesa_order.paid_count += 1
        audit.record(EventType.ORDER_PAID, mpesa_order, now=now, receipt=newest)
        messages = outbox.MESSAGES_WHEN_PAID
        subject = subject_of_receipt(newest, mpesa_order)
        outbox.enqueue(subject, *messages, now=now, receipt=newest, number=mpesa_order.paid_count)
    elif mpesa_order.paid_count > mpesa_order.unpaid_count and _lost_money(ledger):
        mpesa_order.unpaid_count = mpesa_order.paid_count
        audit.record(EventType.ORDER_UNPAID, mpesa_order, now=now, balance=str(mpesa_order.balance))
        outbox.enqueue(mpesa_order, MessageKind.ORDER_UNPAID, now=now, number=mpesa_order.unpaid_count)
    else:
        return
    mpesa_order.status_seen = mpesa_order.order.status
    mpesa_order.save(update_fields=["paid_count", "unpaid_count", "status_seen"])
