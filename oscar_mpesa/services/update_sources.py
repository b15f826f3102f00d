"""News: what somebody says of a payment, before it is believed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from oscar_mpesa.daraja.stk_push import StkCallback
from oscar_mpesa.daraja.stk_query import StkQueryReply
from oscar_mpesa.domain import result_codes
from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.models import UpdateSource


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentUpdate:
    """One statement about a payment. ``status`` None means that it proves nothing yet.

    ``amount`` is in shillings as told, None where the teller has none; ``receipt_number`` likewise.
    """

    source: UpdateSource
    status: PaymentStatus | None
    code: str = ""
    description: str = ""
    amount: Decimal | None = None
    receipt_number: str | None = None
    paid_at: datetime | None = None
    payer: str = ""
    merchant_request_id: str = ""
    checkout_request_id: str = ""

    @property
    def is_success(self) -> bool:
        """It says that the money was paid."""
        return self.status is PaymentStatus.COMPLETED

    @property
    def is_push_abandoned(self) -> bool:
        """Nobody sent the push in time: untrue of a payment that was claimed meanwhile."""
        return self.source is UpdateSource.CLOCK and self.status is PaymentStatus.FAILED

    @property
    def is_incomplete_success(self) -> bool:
        """A callback's success without an amount or a receipt number proves nothing: ask."""
        told_by_callback = self.source is UpdateSource.CALLBACK
        return self.is_success and told_by_callback and (self.amount is None or not self.receipt_number)


def update_from_callback(told: StkCallback) -> PaymentUpdate:
    """What a callback says; a missing result code says nothing."""
    outcome = result_codes.callback_outcome(told.result_code)
    return PaymentUpdate(
        source=UpdateSource.CALLBACK,
        status=outcome.status if told.result_code else None,
        code=told.result_code or "",
        description=told.result_description,
        amount=told.amount,
        receipt_number=told.receipt_number,
        paid_at=told.paid_at,
        payer=told.payer,
        merchant_request_id=told.merchant_request_id,
        checkout_request_id=told.checkout_request_id,
    )


def unreadable_update() -> PaymentUpdate:
    """Something came to the payment's own address, and nobody knows what it says."""
    return PaymentUpdate(source=UpdateSource.CALLBACK, status=None)


def update_from_query(reply: StkQueryReply) -> PaymentUpdate:
    """What a query says: only a closed list of codes is final."""
    outcome = result_codes.query_outcome(reply.result_code)
    return PaymentUpdate(
        source=UpdateSource.QUERY,
        status=outcome.status,
        code=reply.result_code or "",
        description=reply.description,
    )


def push_not_sent(reason: str, *, description: str = "") -> PaymentUpdate:
    """The push was surely not sent: ``refused``, ``busy``, ``misconfigured`` or ``not-sent``."""
    return PaymentUpdate(
        source=UpdateSource.PUSH,
        status=PaymentStatus.FAILED,
        code=result_codes.push_outcome(reason).code,
        description=description,
    )


def push_abandoned() -> PaymentUpdate:
    """The process that should have sent the push died before it could."""
    return PaymentUpdate(
        source=UpdateSource.CLOCK, status=PaymentStatus.FAILED, code=result_codes.push_outcome("not-sent").code
    )


def push_expired() -> PaymentUpdate:
    """Our own clock ran out."""
    return PaymentUpdate(source=UpdateSource.CLOCK, status=PaymentStatus.EXPIRED, code=result_codes.NO_ANSWER.code)
