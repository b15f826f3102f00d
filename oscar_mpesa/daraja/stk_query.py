"""The STK query: its request and its reply. ``error_parser`` reads error replies.

Field rules: the Daraja portal's page on M-PESA Express.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from oscar_mpesa.daraja.credentials import Credentials, signed_fields
from oscar_mpesa.daraja.exceptions import DarajaUnreadable
from oscar_mpesa.daraja.json import MAX_CODE, MAX_ID, description_in, text_in


@dataclass(frozen=True, slots=True, kw_only=True)
class StkQueryReply:
    """Safaricom's result of a push. ``result_code`` is None if it is pending, or not known to Safaricom (yet)."""

    result_code: str | None
    description: str


def query_body(credentials: Credentials, checkout_request_id: str, *, now: datetime) -> dict[str, str | int]:
    """Return the request's fields."""
    return {**signed_fields(credentials, now), "CheckoutRequestID": checkout_request_id}


def read_query(document: Mapping[str, object], checkout_request_id: str) -> StkQueryReply:
    """Return the result in a reply about this push.

    Raises ``ValueError`` without a result, and ``DarajaUnreadable`` if the reply is about another push.
    """
    checkout_id = text_in(document, "CheckoutRequestID", limit=MAX_ID)
    if checkout_id not in ("", checkout_request_id):
        raise DarajaUnreadable("the reply is about another push", http_status=200)
    code = text_in(document, "ResultCode", limit=MAX_CODE)
    if text_in(document, "ResponseCode", limit=MAX_CODE) != "0" or not code:
        raise ValueError("no ResultCode")
    return StkQueryReply(result_code=code, description=description_in(document, "ResultDesc"))
