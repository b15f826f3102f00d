"""Record the audit trail: one event for each change that a timeline shows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from oscar_mpesa.models import EventType, MpesaEvent, MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.services.authorization import name_of

#: Characters stored of one value.
LONGEST_VALUE = 500


def record(
    event_type: EventType,
    subject: MpesaPayment | MpesaOrder | None,
    *,
    now: datetime,
    by: Any = None,
    receipt: MpesaReceipt | None = None,
    **params: str | int | None,
) -> None:
    """Record one event of a payment, of an order, or of neither, in the caller's transaction.

    ``params`` are codes, ids, enum values, amounts as strings, and the ``note`` that a person typed: no sentences.
    Empty values are left out.
    """
    payment = subject if isinstance(subject, MpesaPayment) else None
    MpesaEvent.objects.create(
        mpesa_order_id=payment.mpesa_order_id if payment else subject and subject.pk,
        payment=payment,
        receipt=receipt,
        type=event_type.value,
        params={name: _json_value(value) for name, value in params.items() if value not in {"", None}},
        by=by,
        by_name=name_of(by) if by else "",
        created_at=now,
        acted_at=now if by and getattr(by, "is_staff", False) else None,
    )


def _json_value(value: str | int | None) -> str | int | None:
    """Return an enum's value or a shortened string, without NUL characters, which PostgreSQL refuses."""
    return str(value).replace("\x00", "")[:LONGEST_VALUE] if isinstance(value, str) else value
