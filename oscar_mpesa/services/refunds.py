"""Record refunds that staff sent by hand. Nothing here sends money."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from oscar_mpesa.domain.receipt_number import ReceiptNumberRefused, receipt_number
from oscar_mpesa.domain.timezone import NAIROBI, posting_day
from oscar_mpesa.models import (
    EventType,
    MessageKind,
    MpesaAllocation,
    MpesaReceipt,
    MpesaRefund,
    RefundMethod,
    RefundPurpose,
    RefundStatus,
)
from oscar_mpesa.services import outbox
from oscar_mpesa.services.authorization import name_of, require_permission
from oscar_mpesa.services.commit import hook_safe_transaction
from oscar_mpesa.services.deadlocks import repeat_on_deadlock
from oscar_mpesa.services.entries import available_since
from oscar_mpesa.services.exceptions import (
    BookingFailed,
    NoDecisionNeeded,
    NoteMissing,
    RefundCodeKnown,
    RefundKnown,
    require_amount,
    require_time,
)
from oscar_mpesa.services.ledger import NOTHING, unmatched_receipts
from oscar_mpesa.services.ports import FATAL_ERRORS, shop
from oscar_mpesa.services.receipt_events import record_decision
from oscar_mpesa.services.receipt_locks import LockedReceipt, lock_receipt

__all__ = ["record_refund", "void_refund"]


@repeat_on_deadlock
def record_refund(
    receipt: MpesaReceipt,
    *,
    amount: Decimal,
    code: str,
    purpose: RefundPurpose | None = None,
    note: str = "",
    by: Any,
    happened_at: datetime | None = None,
    refunded_before: Decimal | None = None,
    seen_as: str | None = None,
    now: datetime,
) -> list[MpesaRefund]:
    """Record that staff refunded money by hand; ``code`` is the refund's own M-PESA code or voucher.

    ``amount`` is in shillings. The unallocated amount comes first, then allocations, newest first: one row for each.
    ``purpose`` is about an order's money; all other money is *returned*. By default it is that of ``default_purpose``.
    Staff saw ``refunded_before`` and ``seen_as``. Locks the receipt. Raises ``PermissionDenied``, ``DecisionRefused``.
    """
    require_permission(by, "record_refund")
    with hook_safe_transaction():
        locked = lock_receipt(receipt)
        _require_new(locked, code, refunded_before, seen_as)
        require_amount(amount, most=locked.refundable)
        require_time(happened_at := happened_at or now, earliest=min(receipt.paid_at, now), now=now)
        common = _common_columns(code, note, happened_at, by=by, now=now)
        refunds = [_create(locked, *part, purpose, common) for part in _parts(locked, amount)]
        _record_event(EventType.REFUND_RECORDED, locked, refunds, by=by, note=note, now=now)
        _settle(locked, refunds, now)
        _enqueue_email(locked, now)
    return refunds


@repeat_on_deadlock
def void_refund(refund: MpesaRefund, *, by: Any, note: str, now: datetime) -> MpesaRefund:
    """Void a manual refund that was recorded by mistake. Reports count it back on the day it is voided.

    Needs ``record_refund``. Raises ``PermissionDenied``, ``NoteMissing``, or ``NoDecisionNeeded`` for a refund that is
    not completed or was not recorded by hand. Raises ``BookingFailed`` if the shop's own code raises.
    """
    require_permission(by, "record_refund")
    if not note.strip():
        raise NoteMissing
    with hook_safe_transaction():
        locked = lock_receipt(refund.receipt)
        own = next(each for each in locked.refunds if each.pk == refund.pk)
        if (own.status, own.method) != (RefundStatus.COMPLETED, RefundMethod.MANUAL):
            raise NoDecisionNeeded(refund.pk)
        own.status, own.void_note = RefundStatus.VOIDED, note
        own.voided_at, own.voided_on = now, now.astimezone(NAIROBI).date()
        own.voided_by, own.voided_by_name = by, name_of(by)
        own.save()
        entry = own.allocation
        if entry is not None and entry.oscar_source_id is not None:
            _call_shop(lambda: shop().void_refund(own, entry.order))
        _record_event(EventType.REFUND_VOIDED, locked, [own], by=by, note=note, now=now)
        locked.settle(now=now)
        own.balance_after_void = _balance_of(locked, own)
        own.save(update_fields=["balance_after_void"])
    return own


def _settle(locked: LockedReceipt, refunds: list[MpesaRefund], now: datetime) -> None:
    """Settle the receipt, and keep with each refund what its order owes after it."""
    locked.settle(now=now)
    for refund in refunds:
        refund.balance_after = _balance_of(locked, refund)
        refund.save(update_fields=["balance_after"])


def _enqueue_email(locked: LockedReceipt, now: datetime) -> None:
    """Email the customer about the newest refunds of the receipt, once: of its own order, or else of one that it pays.

    The message's ``number`` is how many refunds the receipt has with them.
    """
    meant_for = locked.mpesa_orders.get(locked.receipt.meant_for_id or 0)
    mpesa_order = meant_for or next(iter(locked.mpesa_orders.values()), None)
    if mpesa_order is not None:
        facts: dict[str, Any] = {"receipt": locked.receipt, "number": len(locked.refunds)}
        outbox.enqueue(mpesa_order, MessageKind.REFUND_EMAIL, now=now, **facts)


def _balance_of(locked: LockedReceipt, refund: MpesaRefund) -> Decimal | None:
    """Return what the order owes whose money was refunded; None for unmatched money."""
    order_id = refund.allocation.order_id if refund.allocation else None
    return None if order_id is None else locked.mpesa_orders[order_id].balance


def _common_columns(code: str, note: str, happened_at: datetime, *, by: Any, now: datetime) -> dict[str, Any]:
    return {
        "code": code[:128],
        "note": note,
        "happened_at": happened_at,
        "requested_at": now,
        "requested_by": by,
        "requested_by_name": name_of(by),
    }


def _parts(locked: LockedReceipt, amount: Decimal) -> list[tuple[MpesaAllocation | None, Decimal]]:
    """Return how much to take from the unallocated amount, and from which allocations, newest first."""
    sources: list[tuple[MpesaAllocation | None, Decimal]] = [(None, max(locked.left(locked.receipt), NOTHING))]
    sources += [(entry, locked.free(entry)) for entry in reversed(locked.active)]
    parts = []
    for entry, available in sources:
        part = min(amount, available)
        if part > 0:
            parts.append((entry, part))
            amount -= part
    return parts


def _create(
    locked: LockedReceipt,
    entry: MpesaAllocation | None,
    amount: Decimal,
    purpose: RefundPurpose | None,
    common: dict[str, Any],
) -> MpesaRefund:
    available = available_since(locked, locked.receipt)
    refund = MpesaRefund.objects.create(
        receipt_id=locked.receipt.pk,
        allocation=entry,
        amount=amount,
        purpose=_purpose_of(locked.receipt, entry, purpose),
        method=RefundMethod.MANUAL,
        status=RefundStatus.COMPLETED,
        posted_on=max(
            posting_day(common["happened_at"], common["requested_at"]),
            available,
            entry.posted_on if entry else available,
        ),
        **common,
    )
    locked.refunds.append(refund)
    if entry is not None and entry.oscar_source_id is not None and entry.order_id is not None:
        order = locked.mpesa_orders[entry.order_id].order
        _call_shop(lambda: shop().write_refund(refund, order))
    return refund


def default_purpose(receipt: MpesaReceipt) -> RefundPurpose:
    """Return *payment returned* where an order of the receipt has other unmatched money, which then pays it.

    Else it is *credit*, or *payment returned* for a receipt that counts for no order. A form presets it.
    """
    active = receipt.allocations.active().filter(order_id__isnull=False).order_by("pk")
    purposes = {_default_of_order(receipt, each.order_id) for each in active}
    return RefundPurpose.CREDIT if purposes == {RefundPurpose.CREDIT} else RefundPurpose.PAYMENT_RETURNED


def _purpose_of(receipt: MpesaReceipt, entry: MpesaAllocation | None, chosen: RefundPurpose | None) -> RefundPurpose:
    if entry is None or entry.order_id is None:
        return RefundPurpose.PAYMENT_RETURNED
    return chosen or _default_of_order(receipt, entry.order_id)


def _default_of_order(receipt: MpesaReceipt, order_id: int | None) -> RefundPurpose:
    others = unmatched_receipts(order_id).exclude(pk=receipt.pk)
    return RefundPurpose.PAYMENT_RETURNED if others.exists() else RefundPurpose.CREDIT


def _require_new(locked: LockedReceipt, code: str, refunded_before: Decimal | None, seen_as: str | None) -> None:
    """Raise if the receipt changed since the page was loaded, or if another refund has this code.

    Words such as "reimbursed" are no codes, so several refunds may have them.
    """
    if seen_as not in {None, locked.receipt.status}:
        raise NoDecisionNeeded(locked.receipt.pk)
    if refunded_before not in {None, locked.refunded_amount}:
        raise RefundKnown(locked.receipt.pk)
    try:
        known = receipt_number(code)
    except ReceiptNumberRefused:
        return
    same = MpesaRefund.objects.filter(receipt__environment=locked.receipt.environment, code=known)
    if not known.isalpha() and same.exclude(status=RefundStatus.VOIDED).exists():
        raise RefundCodeKnown(locked.receipt.pk)


def _call_shop(write: Any) -> None:
    try:
        with transaction.atomic():
            write()
    except FATAL_ERRORS:
        raise
    except Exception as error:
        raise BookingFailed(repr(error)) from error


def _record_event(
    event_type: EventType, locked: LockedReceipt, refunds: list[MpesaRefund], *, by: Any, note: str, now: datetime
) -> None:
    """Record the event on the timeline of each order that the money counts for, or was meant for."""
    happened_at, amount = refunds[0].happened_at, sum((each.amount for each in refunds), NOTHING)
    day = str(happened_at.astimezone(NAIROBI).date()) if happened_at else ""
    params = {"amount": str(amount), "day": day, "reference": refunds[0].code, "note": note}
    record_decision(event_type, locked, params, by=by, now=now)
