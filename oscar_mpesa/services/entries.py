"""Add allocations and reverse them. An entry is never edited. The caller locks the order and writes the sums."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from oscar_mpesa.domain.timezone import NAIROBI, posting_day
from oscar_mpesa.models import (
    AllocationReason,
    EventType,
    MpesaAllocation,
    MpesaClaim,
    MpesaOrder,
    MpesaPayment,
    MpesaReceipt,
    ReversalReason,
)
from oscar_mpesa.services import audit
from oscar_mpesa.services.authorization import name_of
from oscar_mpesa.services.ledger import Entries


def add_entry(
    entries: Entries,
    money: MpesaReceipt | MpesaClaim,
    amount: Decimal,
    reason: AllocationReason,
    *,
    order_id: int | None,
    by: Any = None,
    note: str = "",
    now: datetime,
) -> MpesaAllocation:
    """Count ``amount`` shillings of a receipt or claim for an order, or for none.

    Reports count it on M-PESA's day if it follows the receipt in time, else on the day it is made, and never before
    the money. Money of which an entry was reversed counts on the day it is made, so that no day counts it twice.
    """
    source: dict[str, Any] = {"receipt" if isinstance(money, MpesaReceipt) else "claim": money}
    entry = MpesaAllocation.objects.create(
        **source,
        order_id=order_id,
        amount=amount,
        reason=reason,
        by=by,
        by_name=name_of(by) if by else "",
        note=note,
        created_at=now,
        posted_on=_posting_day(entries, money, now),
    )
    entries.allocations.append(entry)
    return entry


def _posting_day(entries: Entries, money: MpesaReceipt | MpesaClaim, now: datetime) -> date:
    day = posting_day(now if _was_reversed(entries, money) else money.paid_at, now)
    return max(day, available_since(entries, money)) if isinstance(money, MpesaReceipt) else day


def available_since(entries: Entries, receipt: MpesaReceipt) -> date:
    """Return the day since which reports know all that is left of a receipt.

    No entry or refund counts before the money, nor before the entry or refund that it follows was undone.
    """
    reversals = [each.reversed_on for each in entries.allocations if each.receipt_id == receipt.pk]
    voids = [each.voided_on for each in entries.refunds if each.receipt_id == receipt.pk]
    return max([receipt.posted_on, *filter(None, reversals), *filter(None, voids)])


def _was_reversed(entries: Entries, money: MpesaReceipt | MpesaClaim) -> bool:
    source = "receipt_id" if isinstance(money, MpesaReceipt) else "claim_id"
    return any(not each.is_active and getattr(each, source) == money.pk for each in entries.allocations)


def reverse_entry(
    entries: Entries,
    entry: MpesaAllocation,
    reason: ReversalReason,
    *,
    by: Any = None,
    note: str = "",
    is_recorded: bool = True,
    now: datetime,
) -> None:
    """Reverse an allocation. What was refunded of it, or is reserved by a refund, stays as an entry of its own.

    Without ``is_recorded``, the caller records the event.
    """
    shrink_entry(entries, entry, entry.amount, reason, by=by, note=note, is_recorded=is_recorded, now=now)


def shrink_entry(
    entries: Entries,
    entry: MpesaAllocation,
    cut: Decimal,
    reason: ReversalReason,
    *,
    by: Any = None,
    note: str = "",
    is_recorded: bool = True,
    now: datetime,
) -> None:
    """Reverse an allocation, and count what remains after ``cut`` shillings again as a new entry.

    Refunds keep their part: they move to the new entry, which also takes over the row in the shop's books.
    """
    rest = max(entry.amount - cut, entry.amount - entries.free(entry))
    if rest == entry.amount:
        return
    _mark_reversed(entry, reason, by=by, note=note, now=now)
    if is_recorded:
        _record_event(entry, entry.amount - rest, by=by, now=now)
    if rest:
        _keep_rest(entries, entry, rest, now)


def _keep_rest(entries: Entries, entry: MpesaAllocation, rest: Decimal, now: datetime) -> None:
    """Count what remains of a reversed allocation, and give it the refunds and the row in the books."""
    money: Any = entry.receipt or entry.claim
    refunds = entries.refunds_of(entry)
    who = {"order_id": entry.order_id, "by": entry.by, "note": entry.note}
    kept = add_entry(entries, money, rest, AllocationReason.REPLACED, now=now, **who)
    kept.oscar_source_id, kept.oscar_event_id = entry.oscar_source_id, entry.oscar_event_id
    kept.save(update_fields=["oscar_source_id", "oscar_event_id"])
    for refund in refunds:
        refund.allocation = kept
        refund.save(update_fields=["allocation"])


def subject_of_receipt(receipt: MpesaReceipt | None, mpesa_order: MpesaOrder) -> MpesaPayment | MpesaOrder:
    """Return whose timeline shows a receipt: its payment, or the order if the payment is for another order."""
    payment = receipt.payment if receipt else None
    return payment if payment is not None and payment.order_id == mpesa_order.pk else mpesa_order


def _record_event(entry: MpesaAllocation, amount: Decimal, *, by: Any, now: datetime) -> None:
    mpesa_order = MpesaOrder.objects.filter(pk=entry.order_id).first()
    subject = subject_of_receipt(entry.receipt, mpesa_order) if mpesa_order else None
    params = {
        "amount": str(amount),
        "number": entry.number,
        "reason": entry.reversal_reason,
        "note": entry.reversal_note,
    }
    audit.record(EventType.ALLOCATION_REVERSED, subject, now=now, by=by, receipt=entry.receipt, **params)


def _mark_reversed(entry: MpesaAllocation, reason: ReversalReason, *, by: Any, note: str, now: datetime) -> None:
    entry.reversed_at, entry.reversed_on = now, now.astimezone(NAIROBI).date()
    entry.reversal_reason, entry.reversal_note = reason.value, note
    entry.reversed_by, entry.reversed_by_name = by, name_of(by) if by else ""
    entry.tries, entry.next_try_at, entry.error = 0, None, ""
    entry.save()
