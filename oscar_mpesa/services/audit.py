"""The audit: one event for what a reader of the timeline would ask about."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from oscar_mpesa.models import EventType, MpesaEvent, MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.services.authorization import name_of

#: Characters of one value that an event keeps.
LONGEST = 500


def record(
    event_type: EventType,
    subject: MpesaPayment | MpesaOrder | None,
    *,
    now: datetime,
    by: Any = None,
    receipt: MpesaReceipt | None = None,
    **params: str | int | None,
) -> None:
    """Write one event of a payment, of an order as a whole, or of neither, in the caller's transaction.

    ``params`` are codes, ids, enum values and amounts as strings, and the ``note`` that a person typed: no sentences.
    Empty ones are left out.
    """
    payment = subject if isinstance(subject, MpesaPayment) else None
    MpesaEvent.objects.create(
        mpesa_order_id=payment.mpesa_order_id if payment else subject and subject.pk,
        payment=payment,
        receipt=receipt,
        type=event_type.value,
        params={name: _plain(value) for name, value in params.items() if value not in {"", None}},
        by=by,
        by_name=name_of(by) if by else "",
        created_at=now,
    )


def _plain(value: str | int | None) -> str | int | None:
    """The value as JSON holds it: an enum's value, without NUL, which PostgreSQL refuses."""
    return str(value).replace("\x00", "")[:LONGEST] if isinstance(value, str) else value
