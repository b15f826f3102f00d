"""Validate requests as Daraja does. Field rules: the portal's page on M-PESA Express."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from oscar_mpesa.daraja.credentials import TIMESTAMP, Credentials, password
from oscar_mpesa.domain.money import MAXIMUM, MINIMUM
from oscar_mpesa.domain.timezone import NAIROBI
from oscar_mpesa.simulator.replies import UNKNOWN_MERCHANT, WRONG_PASSWORD, Refusal, invalid

_SIGNED = {"BusinessShortCode": r"\d{5,7}", "Timestamp": r"20\d{12}"}
_PUSH = {
    **_SIGNED,
    "TransactionType": "CustomerPayBillOnline|CustomerBuyGoodsOnline",
    "PartyA": r"254[17]\d{8}",
    "PartyB": r"\d{5,7}",
    "PhoneNumber": r"254[17]\d{8}",
    "CallBackURL": r"https?://[^\s/]\S{1,240}",
    "AccountReference": "[A-Za-z0-9]{1,12}",
    "TransactionDesc": ".{1,13}",
}
_QUERY = {**_SIGNED, "CheckoutRequestID": r"ws_CO_\d+"}

#: The largest difference of a timestamp from Nairobi's time. A timestamp in UTC differs by three hours.
_TOLERANCE = timedelta(minutes=5)


def refuse_push(fields: Mapping[str, object], credentials: Credentials, *, now: datetime) -> Refusal | None:
    """Return Daraja's error for a push, None if it accepts the push.

    Like Safaricom, accepts a push that mixes up till and paybill; see ``is_mixed_up``.
    """
    return _invalid_field(fields, _PUSH) or _invalid_amount(fields) or _invalid_signature(fields, credentials, now)


def refuse_query(fields: Mapping[str, object], credentials: Credentials, *, now: datetime) -> Refusal | None:
    """Return Daraja's error for a query, None if it accepts the query."""
    return _invalid_field(fields, _QUERY) or _invalid_signature(fields, credentials, now)


def is_mixed_up(fields: Mapping[str, object], credentials: Credentials) -> bool:
    """Return whether a push mixes up till and paybill. Safaricom accepts it, and it is never paid."""
    pair = (fields["TransactionType"], str(fields["PartyB"]))
    return pair != (credentials.transaction_type, credentials.party_b)


def _invalid_field(fields: Mapping[str, object], patterns: Mapping[str, str]) -> Refusal | None:
    wrong = (name for name, pattern in patterns.items() if not re.fullmatch(pattern, str(fields.get(name, ""))))
    return next((invalid(name) for name in wrong), None)


def _invalid_amount(fields: Mapping[str, object]) -> Refusal | None:
    amount = fields.get("Amount")
    if type(amount) is not int or not MINIMUM <= amount <= MAXIMUM:
        return invalid("Amount")
    return None


def _invalid_signature(fields: Mapping[str, object], credentials: Credentials, now: datetime) -> Refusal | None:
    stamp = str(fields["Timestamp"])
    if str(fields["BusinessShortCode"]) != credentials.shortcode:
        return UNKNOWN_MERCHANT
    if not _is_now(stamp, now):
        return invalid("Timestamp")
    return None if fields.get("Password") == password(credentials, stamp) else WRONG_PASSWORD


def _is_now(stamp: str, now: datetime) -> bool:
    try:
        moment = datetime.strptime(stamp, TIMESTAMP).replace(tzinfo=NAIROBI)
    except ValueError:
        return False
    return abs(moment - now) <= _TOLERANCE
