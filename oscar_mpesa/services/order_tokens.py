"""Sign tokens that give access to one order. Nothing is stored, and a token can't be guessed.

An *own* token replaces a session: a headless client stores it for a guest. A *pay* token is part of a link that may be
passed on. Its holder can pay, and see the amount and the shop, but nothing else.
"""

from __future__ import annotations

from datetime import timedelta
from enum import Enum

from django.core.signing import BadSignature, TimestampSigner

__all__ = ["TokenPurpose", "make_token"]

#: How long a token is valid. A pay token is useless once the order needs no payment.
LIFETIME = timedelta(days=7)


class TokenPurpose(str, Enum):
    """What a token allows. It is signed for one purpose and invalid for the other."""

    OWN = "own"
    PAY = "pay"


def make_token(order_id: int, purpose: TokenPurpose) -> str:
    """Return a token for Oscar's order with this id. It is safe in a URL and in a header."""
    return _signer(purpose).sign(str(order_id))


def read_token(token: str, purpose: TokenPurpose) -> int | None:
    """Return the id of the order, or None if the token is forged, expired, or for another purpose."""
    try:
        return int(_signer(purpose).unsign(token, max_age=LIFETIME))
    except (BadSignature, ValueError):
        return None


def _signer(purpose: TokenPurpose) -> TimestampSigner:
    return TimestampSigner(sep=".", salt=f"oscar_mpesa.{purpose.value}")
