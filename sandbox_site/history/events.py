"""Build the timelines of sales."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sandbox_site.history.money import STAFF, day_of
from sandbox_site.history.rows import Written, ours


def events_of(written: Written) -> Iterator[Any]:
    """Build the events of an order, its payments and its money."""
    for payment in written.payments:
        cause = {"source": "callback", "code": payment.result_code} if payment.result_code else {"source": "clock"}
        step = {"before": "processing", "after": payment.status}
        yield _event(written, "payment_settled", payment.ended_at, {**step, **cause}, payment=payment)
    if written.mpesa_order.closed_at:
        yield _event(written, "order_closed", written.mpesa_order.closed_at, {"reason": "expired"})
    yield from _money_events(written)
    yield from _refund_events(written)
    for row in written.corrections:
        yield from _correction_events(written, row)
    if written.mpesa_order.is_paid:
        newest = written.entries[-1].receipt
        links = {"payment": newest.payment, "receipt": newest} if newest else {}
        yield _event(written, "order_paid", written.mpesa_order.paid_at, {}, **links)


def _money_events(written: Written) -> Iterator[Any]:
    matched = {entry.receipt: entry for entry in written.entries if entry.reason == "staff"}
    refunded = {refund.receipt for refund in written.refunds if refund.allocation is None}
    for receipt in written.receipts:
        entry, links = matched.get(receipt), {"payment": receipt.payment, "receipt": receipt}
        if entry or receipt.unallocated or receipt in refunded:
            params = {"amount": str(receipt.amount), "reason": _reason(written, receipt)}
            yield _event(written, "receipt_unmatched", receipt.created_at, params, **links)
        if entry:
            params = {"amount": str(entry.amount), "order": "", "note": entry.note}
            yield _event(written, "receipt_matched", entry.created_at, params, by_name=STAFF, **links)
    if written.claim:
        yield from _claim_events(written)


def _reason(written: Written, receipt: Any) -> str:
    if receipt.amount != receipt.payment.amount:
        return "wrong_amount"
    return "order_closed" if written.mpesa_order.closed_at else "order_paid"


def _claim_events(written: Written) -> Iterator[Any]:
    claim = written.claim
    params = {"claim": claim.pk, "number": claim.number}
    recorded = {**params, "amount": str(claim.amount), "note": claim.seen_in}
    yield _event(written, "claim_recorded", claim.created_at, recorded, by_name=STAFF)
    if claim.receipt:
        yield _event(written, "claim_confirmed", claim.ended_at, params, receipt=claim.receipt)


def _refund_events(written: Written) -> Iterator[Any]:
    for refund in written.refunds:
        params = {
            "amount": str(refund.amount),
            "day": str(day_of(refund.happened_at)),
            "reference": refund.code,
            "note": refund.note,
        }
        links = {"payment": refund.receipt.payment, "receipt": refund.receipt}
        yield _event(written, "refund_recorded", refund.requested_at, params, by_name=STAFF, **links)


def _correction_events(written: Written, row: Any) -> Iterator[Any]:
    """Build the two events of a mistake: made and taken back."""
    if isinstance(row, ours("MpesaClaim")):
        params = {"claim": row.pk, "number": row.number}
        recorded = {**params, "amount": str(row.amount), "note": row.seen_in}
        yield _event(written, "claim_recorded", row.created_at, recorded, by_name=STAFF)
        yield _event(written, "claim_withdrawn", row.ended_at, {**params, "note": row.end_note}, by_name=STAFF)
        return
    amount, links = str(row.amount), {"payment": row.receipt.payment, "receipt": row.receipt, "by_name": STAFF}
    if isinstance(row, ours("MpesaAllocation")):
        params = {"amount": amount, "note": row.note}
        yield _event(written, "receipt_resolved", row.created_at, params, **links)
        undone = {"amount": amount, "number": row.number, "note": row.reversal_note}
        yield _event(written, "resolution_undone", row.reversed_at, undone, **links)
        return
    params = {"amount": amount, "day": str(row.posted_on), "reference": row.code}
    yield _event(written, "refund_recorded", row.requested_at, {**params, "note": row.note}, **links)
    yield _event(written, "refund_voided", row.voided_at, {**params, "note": row.void_note}, **links)


def _event(written: Written, event_type: str, at: datetime, params: dict[str, Any], **facts: Any) -> Any:
    moment = {"mpesa_order": written.mpesa_order, "created_at": at}
    return ours("MpesaEvent")(type=event_type, params=params, **moment, **facts)
