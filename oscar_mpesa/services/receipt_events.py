"""Record decisions about a receipt on the timelines of all orders that it concerns."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from oscar_mpesa.models import EventType, MpesaAllocation, MpesaOrder
from oscar_mpesa.services import audit
from oscar_mpesa.services.entries import subject_of_receipt
from oscar_mpesa.services.receipt_locks import LockedReceipt

#: Params of one event, as ``audit.record`` takes them.
Params = Mapping[str, str]


def record_decision(
    event_type: EventType,
    locked: LockedReceipt,
    params: Params,
    *,
    of_order: Mapping[int, Params] | None = None,
    by: Any,
    now: datetime,
) -> None:
    """Record an event on the timeline of each order, or on none if the receipt has no order.

    ``of_order`` are further params by the ids of orders.
    """
    subjects: list[Any] = [
        (subject_of_receipt(locked.receipt, each), (of_order or {}).get(pk, {}))
        for pk, each in locked.mpesa_orders.items()
    ]
    for subject, further in subjects or [(None, {})]:
        audit.record(event_type, subject, now=now, by=by, receipt=locked.receipt, **{**params, **further})


def record_match(
    locked: LockedReceipt, target: MpesaOrder, amount: Decimal, *, by: Any, note: str, now: datetime
) -> None:
    """Record a match. The order that got the money names the one that it was meant for; the others name that order."""
    params = {"amount": str(amount), "note": note}
    record_decision(EventType.RECEIPT_MATCHED, locked, params, of_order=_sides(locked, target), by=by, now=now)


def record_reversal(
    locked: LockedReceipt, entry: MpesaAllocation, amount: Decimal, *, by: Any, note: str, now: datetime
) -> None:
    """Record that staff unmatched an entry from its order, or undid a resolution."""
    params = {"amount": str(amount), "number": entry.number, "note": note}
    if entry.order_id is None:
        record_decision(EventType.RESOLUTION_UNDONE, locked, params, by=by, now=now)
        return
    sides = _sides(locked, locked.mpesa_orders[entry.order_id])
    params["reason"] = entry.reversal_reason
    record_decision(EventType.ALLOCATION_REVERSED, locked, params, of_order=sides, by=by, now=now)


def record_move(
    locked: LockedReceipt,
    entry: MpesaAllocation,
    target: MpesaOrder,
    *,
    freed: Decimal,
    part: Decimal,
    by: Any,
    note: str,
    now: datetime,
) -> None:
    """Record a move: what the first order lost, and what the target got of it. Each names the other order.

    An order that the money was meant for, and that is neither of them, gets both numbers.
    """
    first = locked.mpesa_orders.get(entry.order_id or 0)
    moved_from = first.order.number if first is not None else ""
    moved = {"amount": str(part), "moved_from": moved_from, "moved_to": target.order.number}
    sides: dict[int, Params] = dict.fromkeys(locked.mpesa_orders, moved)
    sides[target.pk] = {**moved, "moved_to": ""}
    if first is not None:
        left_over = str(freed - part) if freed > part else ""
        sides[first.pk] = {"amount": str(freed), "left_over": left_over, "moved_to": target.order.number}
    params = {"number": entry.number, "note": note}
    record_decision(EventType.ALLOCATION_MOVED, locked, params, of_order=sides, by=by, now=now)


def _sides(locked: LockedReceipt, target: MpesaOrder) -> dict[int, Params]:
    """Return ``order``, the number of an entry's order, for the others; and for that one ``meant_for``."""
    sides: dict[int, Params] = {pk: {"order": target.order.number} for pk in locked.mpesa_orders}
    meant_for = locked.mpesa_orders.get(locked.receipt.meant_for_id or 0, target)
    sides[target.pk] = {"meant_for": meant_for.order.number if meant_for.pk != target.pk else ""}
    return sides
