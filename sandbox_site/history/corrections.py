"""Build what staff decided and took back: resolutions, refunds and recorded payments that were entered by mistake."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sandbox_site.history.money import STAFF, day_of
from sandbox_site.history.rows import Written, code_of, ours
from sandbox_site.history.sales import SaleOutcome

#: Sales whose decided money was refunded without counting for an order.
_REFUNDED = {SaleOutcome.TWICE, SaleOutcome.LATE, SaleOutcome.OTHER_AMOUNT}

#: Paid sales of which a clerk recorded a wrong code afterwards.
_MISTYPED = {SaleOutcome.IN_PARTS, SaleOutcome.PRICE_CUT, SaleOutcome.RETURNED}

HOUR = timedelta(hours=1)


def add_corrections(written: Written) -> None:
    """Add the rows of mistakes that staff corrected before the decision that stands. None of them counts any more."""
    sale = written.sale
    if sale.is_open:
        return
    if sale.outcome in _REFUNDED:
        row = _resolution(written) if sale.number % 2 else _voided_refund(written)
        written.corrections.append(row)
    elif sale.outcome in _MISTYPED:
        written.corrections.append(_withdrawn_claim(written))


def _resolution(written: Written) -> Any:
    """Build an undone resolution of the money that was refunded later."""
    refund = written.refunds[-1]
    at, until = refund.receipt.paid_at + HOUR, refund.receipt.paid_at + 2 * HOUR
    return ours("MpesaAllocation")(
        receipt=refund.receipt,
        amount=refund.amount,
        reason="resolved",
        note="The customer gives it to the driver.",
        by_name=STAFF,
        created_at=at,
        posted_on=day_of(at),
        reversed_at=until,
        reversed_on=day_of(until),
        reversed_by_name=STAFF,
        reversal_reason="staff",
        reversal_note="The customer wants it back.",
    )


def _voided_refund(written: Written) -> Any:
    """Build a refund that was recorded and not sent."""
    refund = written.refunds[-1]
    at = refund.receipt.paid_at + HOUR
    return ours("MpesaRefund")(
        receipt=refund.receipt,
        amount=refund.amount,
        purpose="payment_returned",
        method="manual",
        status="voided",
        code=f"V{refund.code[1:]}",
        happened_at=at,
        posted_on=day_of(at),
        note="sent back",
        requested_at=at,
        requested_by_name=STAFF,
        voided_at=at + HOUR,
        voided_on=day_of(at + HOUR),
        voided_by_name=STAFF,
        void_note="It was not sent.",
    )


def _withdrawn_claim(written: Written) -> Any:
    """Build a recorded payment with a wrong code. The order was paid already, so it counted nothing."""
    sale, last = written.sale, written.receipts[-1]
    at = last.paid_at + HOUR
    return ours("MpesaClaim")(
        number=code_of(sale.number, 2),
        environment=last.environment,
        shortcode=last.shortcode,
        amount=last.amount,
        order_id=written.order.pk,
        status="withdrawn",
        paid_at=last.paid_at,
        seen_in="M-PESA portal",
        by_name=STAFF,
        created_at=at,
        posted_on=day_of(at),
        ended_at=at + HOUR,
        ended_on=day_of(at + HOUR),
        ended_by_name=STAFF,
        end_note="The code was mistyped.",
    )
