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

from oscar_mpesa.daraja.documents import DocumentUnreadable, Fault, object_in, read_object, text_in, text_of
from oscar_mpesa.daraja.messages import NAIROBI, TIMESTAMP
from oscar_mpesa.daraja.redaction import mask_digits
from oscar_mpesa.domain.phone import PhoneNumber, PhoneRefused

#: Characters, as the columns that keep them.
_ID, _CODE, _RECEIPT, _PAYER, _DESCRIPTION = 128, 64, 32, 128, 500

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


def parse(body: bytes) -> StkCallback:
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
        merchant_request_id=text_in(told, "MerchantRequestID", limit=_ID),
        checkout_request_id=text_in(told, "CheckoutRequestID", limit=_ID),
        result_code=text_in(told, "ResultCode", limit=_CODE) or None,
        result_description=text_of(told.get("ResultDesc"), "ResultDesc")[:_DESCRIPTION],
        amount=_amount(text_in(items, "Amount", limit=_CODE)),
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
