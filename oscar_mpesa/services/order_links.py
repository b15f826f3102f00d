"""Sign the tokens of links in emails to an order's owner. They open the payment page in any browser. Nothing is stored.

A token names one order. It is for this purpose only: it is neither a payment link nor a token of the API.
"""

from __future__ import annotations

from datetime import timedelta

from django.core.signing import BadSignature, TimestampSigner

from oscar_mpesa.models import MpesaOrder

#: How long a token works after its email was sent.
LIFETIME = timedelta(days=30)


def make_token(mpesa_order: MpesaOrder) -> str:
    """Return a token for the order. It is safe in a URL, and can't be guessed."""
    return _signer().sign(mpesa_order.public_id)


def read_token(token: str, *, accepts_expired: bool = False) -> MpesaOrder | None:
    """Return the token's order, or None if the token is forged or expired, or the order is gone.

    Compares signatures in constant time. Makes one query for a valid token. An expired token gives no access.
    """
    try:
        public_id = _signer().unsign(token, max_age=None if accepts_expired else LIFETIME)
    except BadSignature:
        return None
    return MpesaOrder.objects.select_related("order").filter(public_id=public_id).first()


def _signer() -> TimestampSigner:
    return TimestampSigner(sep=".", salt="oscar_mpesa.order_link")
