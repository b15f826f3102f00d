"""The STK push: its request, its reply and its callback. Safaricom's field names stay in this package.

Callbacks are unsigned and irregular. Codes are integers or text, items come in any order and without values, and the
phone can be masked, hashed or missing. For any body, ``parse_callback`` returns or raises ``CallbackUnreadable``.

Field rules: the Daraja portal's page on M-PESA Express.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation

from oscar_mpesa.daraja.credentials import TIMESTAMP, Credentials, signed_fields
from oscar_mpesa.daraja.exceptions import DarajaRefused
from oscar_mpesa.daraja.hidden import HiddenText
from oscar_mpesa.daraja.json import (
    MAX_CODE,
    MAX_ID,
    DocumentUnreadable,
    Fault,
    description_in,
    object_in,
    read_object,
    text_in,
    text_of,
    unwrap,
)
from oscar_mpesa.daraja.redaction import mask_digits, redact_line
from oscar_mpesa.domain.phone import PhoneNumber, PhoneRefused
from oscar_mpesa.domain.timezone import NAIROBI

#: The most characters, as in the columns that store them.
_MAX_RECEIPT, _MAX_PAYER = 32, 128

_MOMENT = re.compile(r"20[0-9]{12}")
_WHOLE_NUMBER = re.compile(r"\+?\d{9,}")
_CENT = Decimal("0.01")
_AMOUNT_LIMIT = 10**9


class CallbackUnreadable(DocumentUnreadable):
    """The body is not an STK callback."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StkCallback:
    """The unproven result of one push, as a callback says it.

    A missing id is empty. A missing ``result_code`` is None and proves nothing. ``amount`` is in shillings, and
    ``paid_at`` is aware. ``payer`` is the phone in the callback. A whole number is masked, and a hashed one is ``…``.
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
    """Parse a callback's body. Raises ``CallbackUnreadable``, and nothing else, for any other body."""
    try:
        return _read_callback(object_in(object_in(read_object(body), "Body"), "stkCallback"))
    except DocumentUnreadable as error:
        raise CallbackUnreadable(error.fault, error.field) from error


def _read_callback(document: Mapping[str, object]) -> StkCallback:
    if not document:
        raise DocumentUnreadable(Fault.MISSING, "stkCallback")
    items = dict(_items(object_in(document, "CallbackMetadata").get("Item")))
    return StkCallback(
        merchant_request_id=text_in(document, "MerchantRequestID", limit=MAX_ID),
        checkout_request_id=text_in(document, "CheckoutRequestID", limit=MAX_ID),
        result_code=text_in(document, "ResultCode", limit=MAX_CODE) or None,
        result_description=description_in(document, "ResultDesc"),
        amount=_amount(text_in(items, "Amount", limit=MAX_CODE)),
        receipt_number=text_in(items, "MpesaReceiptNumber", limit=_MAX_RECEIPT).upper() or None,
        paid_at=_paid_at(text_of(items.get("TransactionDate"), "TransactionDate")),
        payer=_payer(text_of(items.get("PhoneNumber"), "PhoneNumber")),
    )


def _items(value: object) -> Iterator[tuple[str, object]]:
    """Yield the name and value of each item. A single item can come without its list."""
    value = unwrap(value)
    rows = [value] if isinstance(value, dict) else value
    if rows is not None and not isinstance(rows, list):
        raise DocumentUnreadable(Fault.NOT_A_LIST, "Item")
    for row in reversed(rows or []):  # so that the first of a repeated name wins
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
    if not amount.is_finite() or not 0 <= amount < _AMOUNT_LIMIT or amount != amount.quantize(_CENT):
        raise DocumentUnreadable(Fault.NOT_A_NUMBER, "Amount")
    return amount.quantize(_CENT)


def _paid_at(text: str) -> datetime | None:
    """Return the time of the payment, None if it is unreadable: a bad timestamp must not delay the money."""
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
        return mask_digits(text) if _WHOLE_NUMBER.fullmatch(text) else redact_line(text)[:_MAX_PAYER]


@dataclass(frozen=True, slots=True, kw_only=True)
class StkPush:
    """One push to send. ``amount`` is in whole shillings; ``callback_url`` contains the payment's secret."""

    phone: PhoneNumber
    amount: int
    callback_url: str = field(repr=False)
    account_reference: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StkPushReply:
    """Safaricom accepted the push, which does not mean paid. The checkout id ends in the phone number."""

    merchant_request_id: str
    checkout_request_id: str = field(repr=False)
    description: str


def push_body(credentials: Credentials, push: StkPush, *, now: datetime) -> dict[str, str | int]:
    """Return the request's fields. The Timestamp and the Password use the same moment."""
    return {
        **signed_fields(credentials, now),
        "TransactionType": credentials.transaction_type,
        "Amount": push.amount,
        "PartyA": HiddenText(push.phone.msisdn),
        "PartyB": credentials.party_b,
        "PhoneNumber": HiddenText(push.phone.msisdn),
        "CallBackURL": HiddenText(push.callback_url),
        "AccountReference": push.account_reference,
        "TransactionDesc": push.description,
    }


def read_push(document: Mapping[str, object]) -> StkPushReply:
    """Return the ids in an accepting reply.

    Raises ``DarajaRefused`` for a ResponseCode other than "0". Raises ``ValueError`` if the code or the
    CheckoutRequestID is missing, because such a reply proves nothing.
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
