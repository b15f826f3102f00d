"""Record one API call. Allow-lists decide which fields of the request and reply are stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from oscar_mpesa.daraja.exceptions import ErrorKind
from oscar_mpesa.daraja.json import read_object, text_of
from oscar_mpesa.daraja.redaction import LIMIT, redact_checkout_id, redact_line

#: Stored unchanged: the shop's public numbers, and Safaricom's ids that contain no phone number.
_PLAIN = frozenset(
    {
        "BusinessShortCode",
        "TransactionType",
        "Amount",
        "PartyB",
        "Timestamp",
        "AccountReference",
        "TransactionDesc",
        "ResponseCode",
        "ResultCode",
        "errorCode",
        "requestId",
        "MerchantRequestID",
    }
)

#: Stored without phone numbers and long secrets. Password, CallBackURL and access_token are in no list.
_MASKED = frozenset({"PartyA", "PhoneNumber", "ResponseDescription", "CustomerMessage", "ResultDesc", "errorMessage"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCall:
    """One call to Daraja, safe to store. ``endpoint`` is ``oauth``, ``push`` or ``query``.

    ``http_status`` is None without a reply, and ``error_kind`` is None without an error. ``server_time`` is the time
    of the reply by Safaricom's clock, None without a readable ``Date`` header.
    """

    endpoint: str
    http_status: int | None
    milliseconds: int
    request: dict[str, str]
    reply: dict[str, str]
    error: str
    error_kind: ErrorKind | None = None
    server_time: datetime | None = None


def server_time(headers: Mapping[str, str]) -> datetime | None:
    """Return the time in the ``Date`` header, in UTC; None without a readable one."""
    date = next((value for name, value in headers.items() if name.lower() == "date"), "")
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return None
    return moment.astimezone(timezone.utc) if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def loggable(fields: Mapping[str, object]) -> dict[str, str]:
    """Return the fields of a request or reply that may be stored."""
    return {name: text for name, value in fields.items() if (text := _loggable_text(name, value))}


def loggable_body(body: bytes) -> dict[str, str]:
    """Return the fields of a reply's body that may be stored; none if it is not a JSON object."""
    try:
        return loggable(read_object(body))
    except ValueError:
        return {}


def _loggable_text(name: str, value: object) -> str:
    try:
        text = text_of(value, name)
    except ValueError:
        return ""
    if name == "CheckoutRequestID":
        return redact_checkout_id(text)
    if name in _MASKED:
        return redact_line(text)
    return text[:LIMIT] if name in _PLAIN else ""
