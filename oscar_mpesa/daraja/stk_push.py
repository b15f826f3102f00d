"""What Safaricom posts when a prompt has ended; their spelling stops here.

The post is unsigned and loose: codes are integers or text, items come in any order and without values, the phone may
be masked, hashed or missing. Whatever is posted, ``parse`` returns or raises ``CallbackUnreadable``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation

from oscar_mpesa.daraja.credentials import TIMESTAMP, Credentials, signed_fields
from oscar_mpesa.daraja.exceptions import DarajaRefused
from oscar_mpesa.daraja.json import (
    MAX_CODE,
    MAX_DESCRIPTION,
    MAX_ID,
    DocumentUnreadable,
    Fault,
    description_in,
    object_in,
    read_object,
    text_in,
    text_of,
)
from oscar_mpesa.daraja.redaction import mask_digits
from oscar_mpesa.domain.phone import PhoneNumber, PhoneRefused
from oscar_mpesa.domain.timezone import NAIROBI

#: Characters, as the columns that keep them.
_RECEIPT, _PAYER = 32, 128

_MOMENT = re.compile(r"20[0-9]{12}")
_WHOLE_NUMBER = re.compile(r"\+?\d{9,}")
_CENT = Decimal("0.01")
_BEYOND_ANY_AMOUNT = 10**9


class CallbackUnreadable(DocumentUnreadable):
    """The body is no STK callback."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StkCallback:
    """How one prompt ended, as told and unproven.

    An absent id is empty; an absent ``result_code`` is None and proves nothing. ``amount`` is in shillings.
    ``payer`` is the phone as told, masked by us where it was a whole number. ``paid_at`` is aware.
    """

    merchant_request_id: str
    checkout_request_id: str = field(repr=False)
    result_code: str | None
    result_description: str
    amount: Decimal | None = None
    receipt_number: str | None = None
    paid_at: datetime | None = None
    payer: str = ""


def parse_callback(body: bytes) -> StkCallback:
    """Read a posted body; raises ``CallbackUnreadable`` and nothing else, whatever the body is."""
    try:
        return _read(object_in(object_in(read_object(body), "Body"), "stkCallback"))
    except DocumentUnreadable as error:
        raise CallbackUnreadable(error.fault, error.field) from error


def _read(told: Mapping[str, object]) -> StkCallback:
    if not told:
        raise DocumentUnreadable(Fault.MISSING, "stkCallback")
    items = dict(_items(object_in(told, "CallbackMetadata").get("Item")))
    return StkCallback(
        merchant_request_id=text_in(told, "MerchantRequestID", limit=MAX_ID),
        checkout_request_id=text_in(told, "CheckoutRequestID", limit=MAX_ID),
        result_code=text_in(told, "ResultCode", limit=MAX_CODE) or None,
        result_description=text_of(told.get("ResultDesc"), "ResultDesc")[:MAX_DESCRIPTION],
        amount=_amount(text_in(items, "Amount", limit=MAX_CODE)),
        receipt_number=text_in(items, "MpesaReceiptNumber", limit=_RECEIPT).upper() or None,
        paid_at=_paid_at(text_of(items.get("TransactionDate"), "TransactionDate")),
        payer=_payer(text_of(items.get("PhoneNumber"), "PhoneNumber")),
    )


def _items(listed: object) -> Iterator[tuple[str, object]]:
    """Name and value of each item; a single item may come without its list."""
    rows = [listed] if isinstance(listed, dict) else listed
    if rows is not None and not isinstance(rows, list):
        raise DocumentUnreadable(Fault.NOT_A_LIST, "Item")
    for row in reversed(rows or []):  # so that the first of a repeated name counts
        if row is not None and not isinstance(row, dict):
            raise DocumentUnreadable(Fault.NOT_AN_OBJECT, "Item")
        if row and row.get("Value") is not None:
            yield text_of(row.get("Name"), "Name"), row["Value"]


def _amount(text: str) -> Decimal | None:
    if not text:
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation as error:
        raise DocumentUnreadable(Fault.NOT_A_NUMBER, "Amount") from error
    if not amount.is_finite() or not 0 <= amount < _BEYOND_ANY_AMOUNT or amount != amount.quantize(_CENT):
        raise DocumentUnreadable(Fault.NOT_A_NUMBER, "Amount")
    return amount.quantize(_CENT)


def _paid_at(text: str) -> datetime | None:
    """The moment of the payment; one that cannot be read is left out, for money must not wait for a clock."""
    if not _MOMENT.fullmatch(text):
        return None
    try:
        return datetime.strptime(text, TIMESTAMP).replace(tzinfo=NAIROBI)
    except ValueError:
        return None


def _payer(text: str) -> str:
    try:
        return PhoneNumber.parse(text).masked
    except PhoneRefused:
        return mask_digits(text) if _WHOLE_NUMBER.fullmatch(text) else text[:_PAYER]


@dataclass(frozen=True, slots=True, kw_only=True)
class StkPush:
    """One prompt to send: ``amount`` in whole shillings, ``callback_url`` holding the payment's secret."""

    phone: PhoneNumber
    amount: int
    callback_url: str = field(repr=False)
    account_reference: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StkPushReply:
    """Safaricom accepted the prompt; that is never a payment. The checkout id ends in the phone number."""

    merchant_request_id: str
    checkout_request_id: str = field(repr=False)
    description: str


def push_body(credentials: Credentials, push: StkPush, *, now: datetime) -> dict[str, str | int]:
    """Return the fields of a push; one timestamp stands in both places."""
    return {
        **signed_fields(credentials, now),
        "TransactionType": credentials.transaction_type,
        "Amount": push.amount,
        "PartyA": push.phone.msisdn,
        "PartyB": credentials.party_b,
        "PhoneNumber": push.phone.msisdn,
        "CallBackURL": push.callback_url,
        "AccountReference": push.account_reference,
        "TransactionDesc": push.description,
    }


def read_push(document: Mapping[str, object]) -> StkPushReply:
    """Return what an accepting reply says; raises ``DarajaRefused`` for another ResponseCode than "0".

    Raises ``ValueError`` if it lacks the code or the CheckoutRequestID: then nothing is proven.
    """
    code = text_in(document, "ResponseCode", limit=MAX_CODE)
    description = description_in(document, "ResponseDescription")
    if not code:
        raise ValueError("no ResponseCode")
    if code != "0":
        raise DarajaRefused(description, http_status=200, error_code=code)
    checkout_request_id = text_in(document, "CheckoutRequestID", limit=MAX_ID)
    if not checkout_request_id:
        raise ValueError("no CheckoutRequestID")
    return StkPushReply(
        merchant_request_id=text_in(document, "MerchantRequestID", limit=MAX_ID),
        checkout_request_id=checkout_request_id,
        description=description,
    )
