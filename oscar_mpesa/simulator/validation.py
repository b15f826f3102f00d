"""What Daraja looks at before it lets a request through; field rules: the portal's page on M-PESA Express."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from oscar_mpesa.daraja.credentials import TIMESTAMP, Credentials, password
from oscar_mpesa.domain.money import MAXIMUM, MINIMUM
from oscar_mpesa.domain.timezone import NAIROBI
from oscar_mpesa.simulator.replies import NO_CREDENTIALS, NO_MERCHANT, Refusal, invalid

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

#: How far a timestamp may be from Nairobi's clock; a shop that writes UTC is three hours off.
_TOLERANCE = timedelta(minutes=5)


def refuse_push(fields: Mapping[str, object], credentials: Credentials, *, now: datetime) -> Refusal | None:
    """What Daraja says against a push, None if it lets it through.

    A till that is sent as a paybill is let through, as Safaricom does; see ``is_mixed_up``.
    """
    return _misshapen(fields, _PUSH) or _wrong_amount(fields) or _unsigned(fields, credentials, now)


def refuse_query(fields: Mapping[str, object], credentials: Credentials, *, now: datetime) -> Refusal | None:
    """What Daraja says against a query, None if it lets it through."""
    return _misshapen(fields, _QUERY) or _unsigned(fields, credentials, now)


def is_mixed_up(fields: Mapping[str, object], credentials: Credentials) -> bool:
    """Whether a push names the till and the paybill in each other's place: accepted, and never paid."""
    sent = (fields["TransactionType"], str(fields["PartyB"]))
    return sent != (credentials.transaction_type, credentials.party_b)


def _misshapen(fields: Mapping[str, object], shapes: Mapping[str, str]) -> Refusal | None:
    wrong = (name for name, shape in shapes.items() if not re.fullmatch(shape, str(fields.get(name, ""))))
    return next((invalid(name) for name in wrong), None)


def _wrong_amount(fields: Mapping[str, object]) -> Refusal | None:
    amount = fields.get("Amount")
    if type(amount) is not int or not MINIMUM <= amount <= MAXIMUM:
        return invalid("Amount")
    return None


def _unsigned(fields: Mapping[str, object], credentials: Credentials, now: datetime) -> Refusal | None:
    stamp = str(fields["Timestamp"])
    if str(fields["BusinessShortCode"]) != credentials.shortcode:
        return NO_MERCHANT
    if not _is_now(stamp, now):
        return invalid("Timestamp")
    return None if fields.get("Password") == password(credentials, stamp) else NO_CREDENTIALS


def _is_now(stamp: str, now: datetime) -> bool:
    try:
        told = datetime.strptime(stamp, TIMESTAMP).replace(tzinfo=NAIROBI)
    except ValueError:
        return False
    return abs(told - now) <= _TOLERANCE
