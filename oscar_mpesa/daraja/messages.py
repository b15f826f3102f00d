"""What we say to Daraja and what its good answers say; refusals are read in ``refusals``.

Field rules: the Daraja portal's page on M-PESA Express.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from oscar_mpesa.daraja.credentials import Credentials
from oscar_mpesa.daraja.documents import text_in, text_of
from oscar_mpesa.daraja.errors import DarajaRefused, DarajaUnreadable
from oscar_mpesa.domain.phone import PhoneNumber

#: Safaricom's clock; Kenya has no summer time.
NAIROBI = timezone(timedelta(hours=3), "EAT")
TIMESTAMP = "%Y%m%d%H%M%S"

_ID = 128
_CODE = 64
_DESCRIPTION = 500

#: Seconds that a token lives where Safaricom does not say, and the most we believe.
_USUAL_TOKEN_LIFE = 3599
_LONGEST_TOKEN_LIFE = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """One prompt to send: ``amount`` in whole shillings, ``callback_url`` holding the payment's secret."""

    phone: PhoneNumber
    amount: int
    callback_url: str = field(repr=False)
    account_reference: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PushReply:
    """Safaricom accepted the prompt; that is never a payment. The checkout id ends in the phone number."""

    merchant_request_id: str
    checkout_request_id: str = field(repr=False)
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryReply:
    """What Safaricom says of a prompt; ``result_code`` None means pending, or not known to it (yet)."""

    result_code: str | None
    description: str


def timestamp(now: datetime) -> str:
    """Write the moment as ``YYYYMMDDHHMMSS`` on Nairobi's clock; raises ``ValueError`` for a naive one."""
    if now.tzinfo is None:
        raise ValueError("the moment needs a time zone")
    return now.astimezone(NAIROBI).strftime(TIMESTAMP)


def password(credentials: Credentials, stamp: str) -> str:
    """Return the Password that goes with one timestamp."""
    return b64encode(f"{credentials.shortcode}{credentials.passkey}{stamp}".encode()).decode("ascii")


def push_body(credentials: Credentials, push: Push, *, now: datetime) -> dict[str, str | int]:
    """Return the fields of a push; one timestamp stands in both places."""
    return {
        **_signature(credentials, now),
        "TransactionType": credentials.transaction_type,
        "Amount": push.amount,
        "PartyA": push.phone.msisdn,
        "PartyB": credentials.party_b,
        "PhoneNumber": push.phone.msisdn,
        "CallBackURL": push.callback_url,
        "AccountReference": push.account_reference,
        "TransactionDesc": push.description,
    }


def query_body(credentials: Credentials, checkout_request_id: str, *, now: datetime) -> dict[str, str | int]:
    """Return the fields of a query."""
    return {**_signature(credentials, now), "CheckoutRequestID": checkout_request_id}


def read_token(document: Mapping[str, object]) -> tuple[str, int]:
    """Return a token and the seconds it lives; raises ``ValueError`` without one."""
    token = text_of(document.get("access_token"), "access_token")
    if not token or not token.isascii() or not token.isprintable():
        raise ValueError("no access_token")
    lifetime = text_of(document.get("expires_in"), "expires_in")
    seconds = int(lifetime) if lifetime.isdecimal() else _USUAL_TOKEN_LIFE
    return token, min(seconds, _LONGEST_TOKEN_LIFE)


def read_push(document: Mapping[str, object]) -> PushReply:
    """Return what an accepting reply says; raises ``DarajaRefused`` for another ResponseCode than "0".

    Raises ``ValueError`` if it lacks the code or the CheckoutRequestID: then nothing is proven.
    """
    code = text_in(document, "ResponseCode", limit=_CODE)
    description = _described(document, "ResponseDescription")
    if not code:
        raise ValueError("no ResponseCode")
    if code != "0":
        raise DarajaRefused(description, http_status=200, error_code=code)
    checkout_request_id = text_in(document, "CheckoutRequestID", limit=_ID)
    if not checkout_request_id:
        raise ValueError("no CheckoutRequestID")
    return PushReply(
        merchant_request_id=text_in(document, "MerchantRequestID", limit=_ID),
        checkout_request_id=checkout_request_id,
        description=description,
    )


def read_query(document: Mapping[str, object], checkout_request_id: str) -> QueryReply:
    """Return the result in a reply about that prompt.

    Raises ``ValueError`` without a result, ``DarajaUnreadable`` if it is about another prompt.
    """
    named = text_in(document, "CheckoutRequestID", limit=_ID)
    if named not in ("", checkout_request_id):
        raise DarajaUnreadable("the answer is about another prompt", http_status=200)
    code = text_in(document, "ResultCode", limit=_CODE)
    if text_in(document, "ResponseCode", limit=_CODE) != "0" or not code:
        raise ValueError("no ResultCode")
    return QueryReply(result_code=code, description=_described(document, "ResultDesc"))


def _signature(credentials: Credentials, now: datetime) -> dict[str, str | int]:
    stamp = timestamp(now)
    return {
        "BusinessShortCode": credentials.shortcode,
        "Password": password(credentials, stamp),
        "Timestamp": stamp,
    }


def _described(document: Mapping[str, object], name: str) -> str:
    return text_of(document.get(name), name)[:_DESCRIPTION]
