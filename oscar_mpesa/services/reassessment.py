"""Reassess an order after any change: fit its allocations to what it owes, then use the money that is meant for it."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from oscar_mpesa.conf import PRODUCTION, get_settings
from oscar_mpesa.models import (
    AllocationReason,
    CloseReason,
    EventType,
    MessageKind,
    MpesaAllocation,
    MpesaOrder,
    MpesaReceipt,
    ReversalReason,
    UnmatchedReason,
)
from oscar_mpesa.services import audit, bookings, claim_entries, order_stock, outbox
from oscar_mpesa.services.commit import hook_safe_transaction
from oscar_mpesa.services.deadlocks import repeat_on_deadlock
from oscar_mpesa.services.entries import add_entry, reverse_entry, shrink_entry, subject_of_receipt
from oscar_mpesa.services.expected_callbacks import has_doubtful_amount
from oscar_mpesa.services.ledger import NOTHING, TOLERANCE, Ledger, read_ledger, write_status, write_sums
from oscar_mpesa.services.locks import lock_mpesa_order

logger = logging.getLogger("oscar_mpesa")

#: A part payment extends the time to pay once, to this long after it at most.
PART_PAYMENT_EXTENSION = timedelta(hours=24)


def reassess_order(mpesa_order: MpesaOrder, *, now: datetime) -> Ledger:
    """Bring an order's entries, books and messages in line with its facts and decisions; return its ledger.

    Called after every change of its receipts, allocations, refunds, claims, total or status. The caller locks the
    order, and ``mpesa_order.order`` is fresh. Changes this order's entries only; a second call changes nothing. In this
    order: reverses what is not owed any more, newest first, but never what a refund reserves; uses the unmatched
    receipts that are meant for the order, an exact fit first, then the oldest; lets claims give way to proven money,
    and counts claims again while the order owes something.
    Then it writes the sums and the shop's books, and enqueues its messages. If the shop's own code raises when
    stock is taken or released, that is tried again later.
    """
    ledger = read_ledger(mpesa_order)
    return settle(ledger, now=now)


def settle(ledger: Ledger, *, now: datetime) -> Ledger:
    """Do what ``reassess_order`` does, for a ledger that the caller has read under the lock."""
    become_production(ledger, now=now)
    _fit_to_owed(ledger, now)
    _use_unmatched(ledger, now)
    _fit_claims(ledger, now)
    claim_entries.count_claims(ledger, now=now)
    _explain_unmatched(ledger)
    changed = write_sums(ledger, now=now)
    _close_canceled(ledger, now)
    _extend_deadline(ledger, now)
    bookings.book_order(ledger, now=now)
    write_status(ledger.mpesa_order)
    _tell_part_paid(ledger, now)
    _tell_unmatched(ledger, changed, now)
    _reassess_others_later(ledger, changed, now)
    return ledger


@repeat_on_deadlock
def reassess(order_id: int, *, now: datetime) -> None:
    """Reassess an order that has an M-PESA side. Locks the order."""
    with hook_safe_transaction():
        if MpesaOrder.objects.filter(pk=order_id).exists():
            reassess_order(lock_mpesa_order(order_id), now=now)


def obstacle_to(ledger: Ledger, receipt: MpesaReceipt) -> UnmatchedReason | None:
    """Return why a receipt must not be used for the order by itself, apart from the balance and the stock."""
    settings, mpesa_order = get_settings(), ledger.mpesa_order
    if receipt.environment != mpesa_order.environment or (
        receipt.environment != PRODUCTION and settings.environment == PRODUCTION
    ):
        return UnmatchedReason.TEST_MONEY
    if ledger.is_canceled:
        return UnmatchedReason.ORDER_CANCELED
    if _was_unmatched_by_staff(ledger, receipt):
        return UnmatchedReason.UNMATCHED_BY_STAFF
    if not _was_matched_by_staff(ledger, receipt) and has_doubtful_amount(receipt):
        return UnmatchedReason.WRONG_AMOUNT
    can_be_reopened = settings.REOPEN_EXPIRED_ORDERS and mpesa_order.can_be_reopened
    return UnmatchedReason.ORDER_CLOSED if mpesa_order.is_closed and not can_be_reopened else None


def become_production(ledger: Ledger, *, now: datetime) -> None:
    """Make an order production with its first real money, and reverse what test money counted for it (L15)."""
    money: list[Any] = [*ledger.receipts, *ledger.claims]
    if ledger.mpesa_order.environment == PRODUCTION or all(each.environment != PRODUCTION for each in money):
        return
    ledger.mpesa_order.environment = PRODUCTION
    ledger.mpesa_order.save(update_fields=["environment"])
    for entry in ledger.active:
        source: Any = entry.receipt or entry.claim
        if source is not None and source.environment != PRODUCTION:
            reverse_entry(ledger, entry, ReversalReason.PRODUCTION, now=now)


def _fit_to_owed(ledger: Ledger, now: datetime) -> None:
    """Reverse what receipts count beyond what is owed, newest first."""
    excess = ledger.worth_of(ledger.proven) - ledger.countable
    for entry in reversed(ledger.proven):
        cut = min(excess, ledger.free(entry))
        if excess < TOLERANCE or cut <= 0:
            continue
        shrink_entry(ledger, entry, cut, _why_not_owed(ledger), now=now)
        excess -= cut


def _why_not_owed(ledger: Ledger) -> ReversalReason:
    return ReversalReason.ORDER_CLOSED if ledger.mpesa_order.is_closed else ReversalReason.NOT_OWED


def _use_unmatched(ledger: Ledger, now: datetime) -> None:
    """Allocate unmatched receipts that are meant for the order, up to what is owed without claims."""
    need = ledger.owed - ledger.worth_of(ledger.proven)
    usable = [each for each in _meant_for(ledger) if _is_usable(ledger, each)]
    usable.sort(key=lambda each: (ledger.left(each) != need, each.paid_at, each.pk))
    if need < TOLERANCE or not usable or not _is_open_for(ledger, usable, need, now):
        return
    for receipt in usable:
        if need < TOLERANCE:
            return
        need -= _allocate(ledger, receipt, need, now)


def _is_usable(ledger: Ledger, receipt: MpesaReceipt) -> bool:
    """Return whether the order may use a receipt by itself. What a person matched stands until the total changes."""
    is_decided = _was_matched_by_staff(ledger, receipt) and not ledger.has_new_total
    return ledger.left(receipt) > 0 and not is_decided and obstacle_to(ledger, receipt) is None


def _is_open_for(ledger: Ledger, usable: list[MpesaReceipt], need: Decimal, now: datetime) -> bool:
    """Return whether the order can take these receipts. A closed one is reopened if they pay it, and it is in stock."""
    if not ledger.mpesa_order.is_closed:
        return True
    arrived = sum((ledger.left(each) for each in usable), NOTHING)
    if need - arrived >= TOLERANCE:
        return False
    is_reopened = order_stock.try_reopen(ledger.mpesa_order, now=now)
    if is_reopened is False:
        for receipt in usable:
            receipt.unmatched_reason = UnmatchedReason.SOLD_OUT.value
    return bool(is_reopened)


def _allocate(ledger: Ledger, receipt: MpesaReceipt, need: Decimal, now: datetime) -> Decimal:
    left = ledger.left(receipt)
    amount = left if left - need < TOLERANCE else need
    add_entry(ledger, receipt, amount, AllocationReason.PAYMENT, order_id=ledger.mpesa_order.pk, now=now)
    return amount


def _fit_claims(ledger: Ledger, now: datetime) -> None:
    """Reverse what claims count beyond what proven money leaves, newest first."""
    excess = ledger.worth_of(ledger.active) - ledger.countable
    reason = ReversalReason.CONFIRMED_MONEY if ledger.proven else _why_not_owed(ledger)
    for entry in reversed(ledger.claimed):
        if excess < TOLERANCE:
            return
        cut = min(excess, entry.amount)
        shrink_entry(ledger, entry, cut, reason, now=now)
        excess -= cut


def _explain_unmatched(ledger: Ledger) -> None:
    """Set why money is left. What an order says of its own receipts is kept when another order is reassessed."""
    for receipt in ledger.receipts:
        left, is_own = ledger.left(receipt), receipt.meant_for_id in {None, ledger.mpesa_order.pk}
        if left < 0:
            receipt.unmatched_reason = UnmatchedReason.REFUNDED_TWICE.value
        elif left > 0 and (is_own or not receipt.unmatched_reason):
            receipt.unmatched_reason = _reason_of(ledger, receipt).value


def _reason_of(ledger: Ledger, receipt: MpesaReceipt) -> UnmatchedReason:
    obstacle = obstacle_to(ledger, receipt)
    is_wrong_amount = obstacle is UnmatchedReason.WRONG_AMOUNT
    if obstacle is not None and not (is_wrong_amount and ledger.is_paid):
        return obstacle
    if ledger.mpesa_order.is_closed:
        is_sold_out = receipt.unmatched_reason == UnmatchedReason.SOLD_OUT
        return UnmatchedReason.SOLD_OUT if is_sold_out else UnmatchedReason.ORDER_CLOSED
    if ledger.balance < TOLERANCE or not _was_matched_by_staff(ledger, receipt):
        return UnmatchedReason.ORDER_PAID
    return UnmatchedReason.UNMATCHED_BY_STAFF if receipt.is_of_right_amount else UnmatchedReason.WRONG_AMOUNT


def _meant_for(ledger: Ledger) -> list[MpesaReceipt]:
    own = (each for each in ledger.receipts if each.meant_for_id == ledger.mpesa_order.pk)
    return [each for each in own if each.same_as_id is None]


def _history(ledger: Ledger, receipt: MpesaReceipt) -> list[MpesaAllocation]:
    own = (each for each in ledger.allocations if each.order_id == ledger.mpesa_order.pk)
    return [each for each in own if each.receipt_id == receipt.pk]


def _was_unmatched_by_staff(ledger: Ledger, receipt: MpesaReceipt) -> bool:
    return any(each.reversal_reason == ReversalReason.STAFF for each in _history(ledger, receipt))


def _was_matched_by_staff(ledger: Ledger, receipt: MpesaReceipt) -> bool:
    return any(each.reason == AllocationReason.STAFF for each in _history(ledger, receipt))


def _close_canceled(ledger: Ledger, now: datetime) -> None:
    """Release the stock of an order that was canceled, unless staff enrolled it."""
    mpesa_order = ledger.mpesa_order
    if ledger.is_canceled and not mpesa_order.is_closed and not mpesa_order.is_enrolled:
        if mpesa_order.paid_count > mpesa_order.unpaid_count:
            audit.record(EventType.ORDER_CANCELED_PAID, mpesa_order, now=now)
        order_stock.try_close(mpesa_order, CloseReason.STAFF, now=now)


def _extend_deadline(ledger: Ledger, now: datetime) -> None:
    """Give the shopper time for the rest, once, after a part payment (L7), and again if the order is reopened.

    So every open order that waits for money closes one day, except those that staff enrolled.
    """
    mpesa_order, settings = ledger.mpesa_order, get_settings()
    is_unpaid = mpesa_order.order.status in {settings.PENDING_STATUS, settings.EXPIRED_STATUS} and not ledger.is_paid
    is_first_part = bool(ledger.active) and mpesa_order.part_paid_at is None
    if mpesa_order.is_closed or not is_unpaid or not (is_first_part or mpesa_order.close_check_at is None):
        return
    if mpesa_order.is_enrolled:
        return
    mpesa_order.part_paid_at = now if is_first_part else mpesa_order.part_paid_at
    until = max(mpesa_order.pay_before, now + PART_PAYMENT_EXTENSION)
    mpesa_order.pay_before = mpesa_order.close_check_at = until
    mpesa_order.save(update_fields=["part_paid_at", "pay_before", "close_check_at"])


def _tell_part_paid(ledger: Ledger, now: datetime) -> None:
    """Email the shopper what is missing, once for each receipt that now pays part of an order."""
    if ledger.is_paid or not ledger.mpesa_order.is_awaiting_payment:
        return
    new = [each for each in ledger.proven if each.created_at == now and each.reason != AllocationReason.REPLACED]
    if new:
        subject = subject_of_receipt(new[-1].receipt, ledger.mpesa_order)
        outbox.enqueue(subject, MessageKind.PART_PAID_EMAIL, now=now, receipt=new[-1].receipt)


def _reassess_others_later(ledger: Ledger, changed: list[MpesaReceipt], now: datetime) -> None:
    """After the commit, reassess the orders that money was meant for before it was matched to this one.

    They may use what this order gave back. They are not locked now, because a lock must not follow a later one.
    """
    freed = (each for each in changed if each.unallocated > ledger.cached[each.pk][0])
    others = {each.meant_for_id for each in freed if each.meant_for_id is not None} - {ledger.mpesa_order.pk}
    if others:
        transaction.on_commit(lambda: [reassess(pk, now=now) for pk in sorted(others)], robust=True)


def _tell_unmatched(ledger: Ledger, changed: list[MpesaReceipt], now: datetime) -> None:
    """Log, audit and signal money that begins to wait for a decision. Email the payer, unless staff unmatched it."""
    for receipt in changed:
        if not receipt.needs_decision or receipt.unallocated <= ledger.cached[receipt.pk][0]:
            continue
        subject: Any = subject_of_receipt(receipt, ledger.mpesa_order)
        _log_unmatched(ledger.mpesa_order.pk, receipt.unallocated, receipt.number, receipt.unmatched_reason)
        params = {"amount": str(receipt.unallocated), "reason": receipt.unmatched_reason}
        audit.record(EventType.RECEIPT_UNMATCHED, subject, now=now, receipt=receipt, **params)
        is_by_staff = receipt.unmatched_reason == UnmatchedReason.UNMATCHED_BY_STAFF
        emails = () if is_by_staff else (MessageKind.UNMATCHED_EMAIL,)
        outbox.enqueue(subject, MessageKind.RECEIPT_UNMATCHED, *emails, now=now, receipt=receipt)


def _log_unmatched(*facts: Any) -> None:
    """Log after the commit that money waits for a decision: a preview rolls back."""
    message = "M-PESA order %s: KSh %s (%s) needs a decision: %s"
    transaction.on_commit(lambda: logger.error(message, *facts), robust=True)
