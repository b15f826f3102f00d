"""Build payment updates from callbacks, status checks, push replies and expiry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from oscar_mpesa.daraja.stk_push import StkCallback
from oscar_mpesa.daraja.stk_query import StkQueryReply
from oscar_mpesa.domain import push_codes, result_codes
from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.models import UpdateSource


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentUpdate:
    """What one source says about a payment. A ``status`` of None means that the result is not known yet.

    ``amount`` is in shillings. ``amount`` and ``receipt_number`` are None if the source has none. ``is_confirmed`` says
    that a query confirmed a callback's success, and ``has_predecessor`` that an earlier callback of the payment is
    stored. ``is_from_elsewhere`` says that the callback came from an address that needs a confirmation, and
    ``was_unconfirmed`` that it waits for one already. ``received_at`` is when the callback came, in UTC.
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
    is_confirmed: bool = False
    has_predecessor: bool = False
    is_from_elsewhere: bool = False
    was_unconfirmed: bool = False
    received_at: datetime | None = None

    @property
    def is_success(self) -> bool:
        """Return whether the update says that the payment is paid."""
        return self.status is PaymentStatus.COMPLETED

    @property
    def is_push_abandoned(self) -> bool:
        """Return whether the update says that the push was not sent in time. A worker may have sent it meanwhile."""
        return self.source is UpdateSource.CLOCK and self.status is PaymentStatus.FAILED

    @property
    def is_from_safaricom(self) -> bool:
        """Return whether a callback or a query is the source, rather than our own clock or a failed push."""
        return self.source in {UpdateSource.CALLBACK, UpdateSource.QUERY}


def update_from_callback(callback: StkCallback) -> PaymentUpdate:
    """Return the update in a callback. Its status is None without a result code, or with an unknown one."""
    outcome = result_codes.result_outcome(callback.result_code)
    return PaymentUpdate(
        source=UpdateSource.CALLBACK,
        status=outcome.status,
        code=callback.result_code or "",
        description=callback.result_description,
        amount=callback.amount,
        receipt_number=callback.receipt_number,
        paid_at=callback.paid_at,
        payer=callback.payer,
        merchant_request_id=callback.merchant_request_id,
        checkout_request_id=callback.checkout_request_id,
    )


def unreadable_update() -> PaymentUpdate:
    """Return the update for a callback that could not be parsed: its status is None."""
    return PaymentUpdate(source=UpdateSource.CALLBACK, status=None)


def update_from_query(reply: StkQueryReply) -> PaymentUpdate:
    """Return the update in the reply to a status check. Only the codes of a closed list are final."""
    outcome = result_codes.result_outcome(reply.result_code)
    return PaymentUpdate(
        source=UpdateSource.QUERY,
        status=outcome.status,
        code=reply.result_code or "",
        description=reply.description,
    )


def unknown_failure(reply: StkQueryReply) -> PaymentUpdate:
    """Return the update for an unknown code that a callback and a query both name: the payment failed."""
    assert reply.result_code is not None  # nosec B101 # narrows the type
    failed = PaymentStatus.FAILED
    return PaymentUpdate(
        source=UpdateSource.QUERY, status=failed, code=reply.result_code, description=reply.description
    )


def push_not_sent(reason: str, *, description: str = "") -> PaymentUpdate:
    """Return the update for a push that was surely not sent.

    ``reason`` is a code of ``push_codes.PUSH_CODES``.
    """
    return PaymentUpdate(
        source=UpdateSource.PUSH,
        status=PaymentStatus.FAILED,
        code=push_codes.PUSH_CODES[reason].code,
        description=description,
    )


def push_abandoned() -> PaymentUpdate:
    """Return the update for a payment whose process died before it sent the push."""
    return PaymentUpdate(
        source=UpdateSource.CLOCK, status=PaymentStatus.FAILED, code=push_codes.PUSH_CODES["not-sent"].code
    )


def push_expired() -> PaymentUpdate:
    """Return the update for a prompt whose lifetime ended without a result."""
    return PaymentUpdate(source=UpdateSource.CLOCK, status=PaymentStatus.EXPIRED, code=result_codes.NO_ANSWER.code)
