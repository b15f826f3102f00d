"""News: what somebody says of a payment, before it is believed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from oscar_mpesa.daraja.callbacks import StkCallback
from oscar_mpesa.daraja.messages import QueryReply
from oscar_mpesa.domain import outcomes
from oscar_mpesa.domain.status import Status
from oscar_mpesa.models import UpdateSource


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One statement about a payment. ``status`` None means that it proves nothing yet.

    ``amount`` is in shillings as told, None where the teller has none; ``receipt_number`` likewise.
    """

    source: UpdateSource
    status: Status | None
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
        return self.status is Status.COMPLETED

    @property
    def says_never_claimed(self) -> bool:
        """Nobody sent the push in time: untrue of a payment that was claimed meanwhile."""
        return self.source is UpdateSource.CLOCK and self.status is Status.FAILED

    @property
    def is_incomplete_success(self) -> bool:
        """A callback's success without an amount or a receipt number proves nothing: ask."""
        told_by_callback = self.source is UpdateSource.CALLBACK
        return self.is_success and told_by_callback and (self.amount is None or not self.receipt_number)


def from_callback(told: StkCallback) -> News:
    """What a callback says; a missing result code says nothing."""
    outcome = outcomes.of_callback(told.result_code)
    return News(
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


def unreadable() -> News:
    """Something came to the payment's own address, and nobody knows what it says."""
    return News(source=UpdateSource.CALLBACK, status=None)


def from_query(reply: QueryReply) -> News:
    """What a query says: only a closed list of codes is final."""
    outcome = outcomes.of_query(reply.result_code)
    return News(
        source=UpdateSource.QUERY,
        status=outcome.status,
        code=reply.result_code or "",
        description=reply.description,
    )


def not_sent(reason: str, *, description: str = "") -> News:
    """The push was surely not sent: ``refused``, ``busy``, ``misconfigured`` or ``not-sent``."""
    return News(
        source=UpdateSource.PUSH, status=Status.FAILED, code=outcomes.of_push(reason).code, description=description
    )


def never_claimed() -> News:
    """The process that should have sent the push died before it could."""
    return News(source=UpdateSource.CLOCK, status=Status.FAILED, code=outcomes.of_push("not-sent").code)


def unanswered() -> News:
    """Our own clock ran out."""
    return News(source=UpdateSource.CLOCK, status=Status.EXPIRED, code=outcomes.NO_ANSWER.code)
