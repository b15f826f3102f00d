"""The STK query: its request and its reply. ``error_parser`` reads error replies.

Field rules: the Daraja portal's page on M-PESA Express.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from oscar_mpesa.daraja.credentials import Credentials, signed_fields
from oscar_mpesa.daraja.error_parser import BEING_PROCESSED
from oscar_mpesa.daraja.exceptions import DarajaUnreadable
from oscar_mpesa.daraja.hidden import HiddenText
from oscar_mpesa.daraja.json import MAX_CODE, MAX_ID, description_in, text_in
from oscar_mpesa.domain.result_codes import RESULTS

#: Codes for "no result yet", as ResponseCode or ResultCode. Sources: the portal, and integrators' reports.
_PENDING = frozenset({"4999", "4002", "103"})

#: Results that can stand in ResponseCode, without a ResultCode. Shorter codes mean something else there.
_RESULTS_AS_RESPONSE = frozenset(
    code for code, outcome in RESULTS.items() if len(code) >= 4 and outcome.status is not None
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StkQueryReply:
    """Safaricom's result of a push. ``result_code`` is "4999" or None if it is pending.

    It is also None if Safaricom does not know the push (yet).
    """

    result_code: str | None
    description: str


def query_body(credentials: Credentials, checkout_request_id: str, *, now: datetime) -> dict[str, str | int]:
    """Return the request's fields."""
    return {**signed_fields(credentials, now), "CheckoutRequestID": HiddenText(checkout_request_id)}


def read_query(document: Mapping[str, object], checkout_request_id: str) -> StkQueryReply:
    """Return the result in a reply about this push.

    Raises ``ValueError`` without a result, and ``DarajaUnreadable`` if the reply is about another push.
    """
    checkout_id = text_in(document, "CheckoutRequestID", limit=MAX_ID)
    if checkout_id not in ("", checkout_request_id):
        raise DarajaUnreadable("the reply is about another push", http_status=200)
    description = description_in(document, "ResultDesc") or description_in(document, "ResponseDescription")
    response, result = (text_in(document, name, limit=MAX_CODE) for name in ("ResponseCode", "ResultCode"))
    return StkQueryReply(result_code=_result_code(response, result, description), description=description)


def _result_code(response: str, result: str, description: str) -> str | None:
    """Return the result, "4999" or None if it is pending. A success needs the ResponseCode "0"."""
    if response == "0" and result in RESULTS:
        return result
    if response in _PENDING or result in _PENDING:
        return None
    if response == "0" and result:
        return result
    if response in _RESULTS_AS_RESPONSE and result in {"", response}:
        return response
    if re.search(BEING_PROCESSED, description, re.IGNORECASE):
        return None
    raise ValueError("no ResultCode")
