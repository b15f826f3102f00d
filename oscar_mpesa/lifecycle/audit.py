"""The audit: one event for what a reader of the timeline would ask about."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from oscar_mpesa.lifecycle.staff import name_of
from oscar_mpesa.models import MpesaEvent, MpesaOrder, MpesaPayment, MpesaReceipt


def record(
    what: str,
    subject: MpesaPayment | MpesaOrder,
    *,
    now: datetime,
    before: str = "",
    after: str = "",
    why: str = "",
    receipt: MpesaReceipt | None = None,
    by: Any = None,
) -> None:
    """Write one event of a payment, or of an order as a whole, in the caller's transaction."""
    payment = subject if isinstance(subject, MpesaPayment) else None
    MpesaEvent.objects.create(
        mpesa_order_id=payment.mpesa_order_id if payment else subject.pk,
        payment=payment,
        receipt=receipt,
        what=what,
        before=before,
        after=after,
        why=why[:500],
        by=by,
        by_name=name_of(by) if by else "",
        created_at=now,
    )
