"""The audit: one event for what a reader of the timeline would ask about."""

from __future__ import annotations

from datetime import datetime

from oscar_mpesa.models import MpesaEvent, MpesaPayment, MpesaReceipt


def record(
    what: str,
    payment: MpesaPayment,
    *,
    now: datetime,
    before: str = "",
    after: str = "",
    why: str = "",
    receipt: MpesaReceipt | None = None,
) -> None:
    """Write one event of a payment, in the caller's transaction."""
    MpesaEvent.objects.create(
        mpesa_order_id=payment.mpesa_order_id,
        payment=payment,
        receipt=receipt,
        what=what,
        before=before,
        after=after,
        why=why[:500],
        created_at=now,
    )
