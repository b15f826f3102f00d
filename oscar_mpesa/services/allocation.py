"""Let staff match money to an order, unmatch it, move it, or resolve it with a note. None of this sends money."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from oscar_mpesa.conf import PRODUCTION, get_settings
from oscar_mpesa.models import (
    AllocationReason,
    EventType,
    MpesaAllocation,
    MpesaOrder,
    MpesaReceipt,
    ReversalReason,
)
from oscar_mpesa.services import order_stock
from oscar_mpesa.services.authorization import require_permission
from oscar_mpesa.services.commit import hook_safe_transaction
from oscar_mpesa.services.deadlocks import repeat_on_deadlock
from oscar_mpesa.services.entries import add_entry, reverse_entry
from oscar_mpesa.services.exceptions import (
    ClaimNotMovable,
    NoDecisionNeeded,
    NoteMissing,
    OrderCancelled,
    OrderPaid,
    OrderReturnedToBasket,
    OtherEnvironment,
    OutOfStock,
    SameOrder,
    require_amount,
)
from oscar_mpesa.services.ledger import TOLERANCE, read_ledger
from oscar_mpesa.services.payments import get_or_create_mpesa_order
from oscar_mpesa.services.receipt_events import record_decision, record_match, record_move, record_reversal
from oscar_mpesa.services.receipt_locks import LockedReceipt, lock_orders_of, lock_receipt

__all__ = ["allocate", "move_allocation", "resolve_receipt", "reverse_allocation"]


@repeat_on_deadlock
def allocate(
    receipt: MpesaReceipt, order: Any, *, amount: Decimal | None = None, by: Any, note: str = "", now: datetime
) -> MpesaAllocation:
    """Match unallocated money to an order. It may be another order than it was meant for.

    ``amount`` is in shillings; by default it is what the order owes, or all that is left if that is less. Reopens a
    closed order if all of it is in stock, and reverses claims of the order that give way to proven money. Locks the
    orders, the payment and the receipt. Raises ``PermissionDenied`` or ``DecisionRefused``, and then changes nothing.
    """
    require_permission(by, "match_receipt")
    with hook_safe_transaction():
        lock_orders_of(receipt, order.pk)
        get_or_create_mpesa_order(order.pk, environment=receipt.environment, now=now)
        locked = lock_receipt(receipt, order.pk)
        target, left = locked.mpesa_orders[order.pk], locked.left(locked.receipt)
        if left <= 0:
            raise NoDecisionNeeded(receipt.pk)
        entry = _match(locked, target, left, amount, by=by, note=note, now=now)
        record_match(locked, target, entry.amount, by=by, note=note, now=now)
        locked.settle(now=now)
    return entry


@repeat_on_deadlock
def move_allocation(
    allocation: MpesaAllocation, order: Any, *, amount: Decimal | None = None, by: Any, note: str, now: datetime
) -> MpesaAllocation:
    """Unmatch money from an order and match it to another, in one step; return the entry of the other order.

    ``amount`` is in shillings; by default it is what the other order owes, or all that is freed if that is less. What
    is left stays unmatched, and is never again used for the first order by itself. What was refunded, or is reserved by
    a refund, stays with the first order. Locks like ``allocate``. Raises what ``allocate`` and ``reverse_allocation``
    raise, ``SameOrder``, and ``ClaimNotMovable`` for a recorded payment; then it changes nothing.
    """
    require_permission(by, "match_receipt")
    _require_reversible_by(by, allocation, note)
    if allocation.receipt is None:
        raise ClaimNotMovable(allocation.pk)
    if allocation.order_id == order.pk:
        raise SameOrder(allocation.pk)
    with hook_safe_transaction():
        lock_orders_of(allocation.receipt, order.pk)
        get_or_create_mpesa_order(order.pk, environment=allocation.receipt.environment, now=now)
        locked = lock_receipt(allocation.receipt, order.pk)
        target, entry = locked.mpesa_orders[order.pk], _free_entry(locked, allocation)
        freed = locked.free(entry)
        reverse_entry(locked, entry, ReversalReason.STAFF, by=by, note=note, is_recorded=False, now=now)
        moved = _match(locked, target, freed, amount, by=by, note=note, now=now)
        record_move(locked, entry, target, freed=freed, part=moved.amount, by=by, note=note, now=now)
        locked.settle(now=now)
    return moved


@repeat_on_deadlock
def reverse_allocation(allocation: MpesaAllocation, *, by: Any, note: str, now: datetime) -> MpesaReceipt:
    """Unmatch money from an order, so that it is never again used for it by itself; or undo resolving it with a note.

    Undoing needs ``resolve_receipt``, the other ``match_receipt``. What was refunded of the allocation, or is reserved
    by a refund, stays. Locks the orders, the payment and the receipt. Raises ``PermissionDenied``, ``NoteMissing``, or
    ``NoDecisionNeeded`` if it is reversed already, belongs to a recorded payment, or nothing of it can be reversed.
    """
    _require_reversible_by(by, allocation, note)
    if allocation.receipt is None:
        raise NoDecisionNeeded(allocation.pk)
    with hook_safe_transaction():
        locked = lock_receipt(allocation.receipt)
        entry = _free_entry(locked, allocation)
        freed = locked.free(entry)
        reverse_entry(locked, entry, ReversalReason.STAFF, by=by, note=note, is_recorded=False, now=now)
        record_reversal(locked, entry, freed, by=by, note=note, now=now)
        locked.settle(now=now)
    return locked.receipt


@repeat_on_deadlock
def resolve_receipt(receipt: MpesaReceipt, *, note: str, by: Any, now: datetime) -> MpesaReceipt:
    """Resolve what is left of a receipt with a note, such as how it was settled elsewhere.

    It counts for no order. Locks like ``allocate``. Raises ``PermissionDenied`` or ``DecisionRefused``, and then
    changes nothing.
    """
    require_permission(by, "resolve_receipt")
    if not note.strip():
        raise NoteMissing
    with hook_safe_transaction():
        locked = lock_receipt(receipt)
        left = locked.left(locked.receipt)
        if left <= 0:
            raise NoDecisionNeeded(receipt.pk)
        reason = AllocationReason.RESOLVED
        add_entry(locked, locked.receipt, left, reason, order_id=None, by=by, note=note, now=now)
        params = {"amount": str(left), "note": note}
        record_decision(EventType.RECEIPT_RESOLVED, locked, params, by=by, now=now)
        locked.settle(now=now)
    return locked.receipt


def require_payable_by(receipt: MpesaReceipt, target: MpesaOrder) -> None:
    """Raise ``DecisionRefused`` if an order can't take a receipt, whatever it owes."""
    is_test_for_real_order = receipt.environment != target.environment and receipt.environment != PRODUCTION
    if is_test_for_real_order or not can_pay_orders(receipt):
        raise OtherEnvironment(receipt.pk)
    if target.order.status == get_settings().CANCELLED_STATUS:
        raise OrderCancelled(target.pk)
    if target.basket_restored_at is not None:
        raise OrderReturnedToBasket(target.pk)


def can_pay_orders(receipt: MpesaReceipt) -> bool:
    """Return whether a receipt can count for an order at all: a test cannot in a production shop."""
    return receipt.environment == PRODUCTION or get_settings().environment != PRODUCTION


def _owed_to(receipt: MpesaReceipt, target: MpesaOrder) -> Decimal:
    """Return what an order owes without the entries that give way to a receipt: claims, and test money to real."""
    ledger = read_ledger(target)
    is_real = receipt.environment == PRODUCTION
    stays = [each for each in ledger.proven if not is_real or (each.receipt or receipt).environment == PRODUCTION]
    return ledger.owed - ledger.worth_of(stays)


def _require_reversible_by(by: Any, allocation: MpesaAllocation, note: str) -> None:
    require_permission(by, "resolve_receipt" if allocation.order_id is None else "match_receipt")
    if not note.strip():
        raise NoteMissing


def _free_entry(locked: LockedReceipt, allocation: MpesaAllocation) -> MpesaAllocation:
    """Return an allocation as it is now; raise ``NoDecisionNeeded`` if nothing of it can be reversed."""
    entry = next((each for each in locked.active if each.pk == allocation.pk), None)
    if entry is None or locked.free(entry) <= 0:
        raise NoDecisionNeeded(allocation.pk)
    return entry


def _match(
    locked: LockedReceipt,
    target: MpesaOrder,
    available: Decimal,
    amount: Decimal | None,
    *,
    by: Any,
    note: str,
    now: datetime,
) -> MpesaAllocation:
    """Add the entry of an order that can take the money; reopen the order if it is closed."""
    require_payable_by(locked.receipt, target)
    owed = _owed_to(locked.receipt, target)
    if owed < TOLERANCE:
        raise OrderPaid(target.pk)
    part = min(available, owed) if amount is None else amount
    require_amount(part, most=min(available, owed))
    if target.is_closed and not order_stock.reopen(target, is_paid=owed - part < TOLERANCE, by=by, now=now):
        raise OutOfStock(target.pk)
    reason = AllocationReason.STAFF
    return add_entry(locked, locked.receipt, part, reason, order_id=target.pk, by=by, note=note, now=now)
