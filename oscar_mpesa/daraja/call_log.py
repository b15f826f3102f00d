"""The record of one call: what may be kept of a request and its answer, by allow-list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from oscar_mpesa.daraja.exceptions import ErrorKind
from oscar_mpesa.daraja.json import read_object, text_of
from oscar_mpesa.daraja.redaction import LIMIT, redact_checkout_id, redact_line

#: Kept as they are: the shop's own public numbers, and Safaricom's ids that hold no phone.
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

#: Kept without phone numbers and long secrets. Password, CallBackURL and access_token stand in no list.
_MASKED = frozenset({"PartyA", "PhoneNumber", "ResponseDescription", "CustomerMessage", "ResultDesc", "errorMessage"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCall:
    """One call to Daraja, safe to keep: ``endpoint`` is ``oauth``, ``push`` or ``query``.

    ``http_status`` is None without an answer, ``error_kind`` None without an error. ``said_at`` is the moment of the
    answer by Safaricom's own clock, None where it told none.
    """

    endpoint: str
    http_status: int | None
    milliseconds: int
    request: dict[str, str]
    reply: dict[str, str]
    error: str
    error_kind: ErrorKind | None = None
    said_at: datetime | None = None


def server_time(headers: Mapping[str, str]) -> datetime | None:
    """Return the moment that an answer's ``Date`` tells, in UTC; None without a readable one."""
    told = next((value for name, value in headers.items() if name.lower() == "date"), "")
    try:
        moment = parsedate_to_datetime(told)
    except ValueError:
        return None
    return moment.astimezone(timezone.utc) if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def loggable(fields: Mapping[str, object]) -> dict[str, str]:
    """Return what may be kept of a request's or an answer's fields."""
    return {name: text for name, value in fields.items() if (text := _kept(name, value))}


def loggable_body(body: bytes) -> dict[str, str]:
    """Return what may be kept of an answer's body; nothing of one that is no JSON object."""
    try:
        return loggable(read_object(body))
    except ValueError:
        return {}


def _kept(name: str, value: object) -> str:
    try:
        text = text_of(value, name)
    except ValueError:
        return ""
    if name == "CheckoutRequestID":
        return redact_checkout_id(text)
    if name in _MASKED:
        return redact_line(text)
    return text[:LIMIT] if name in _PLAIN else ""
