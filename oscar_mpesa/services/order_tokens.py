"""Signed words that stand for one order, for whoever holds them: nothing is stored, and nothing can be guessed.

An *owner's* token is what a session is in a browser: a headless client keeps it for a guest, on whatever device. A
*pay* token is in a link that may be passed on: it lets its holder pay, and see how much and to whom, and no more.
"""

from __future__ import annotations

from datetime import timedelta
from enum import Enum

from django.core.signing import BadSignature, TimestampSigner

__all__ = ["TokenPurpose", "make_token"]

#: How long each is good for; a pay token is of no use any more once the order waits for no money.
LIFETIME = timedelta(days=7)


class TokenPurpose(str, Enum):
    """What a token allows; one for another use is a forgery."""

    OWN = "own"
    PAY = "pay"


def make_token(order_id: int, use: TokenPurpose) -> str:
    """A token for Oscar's order of this id; it goes into an address or a header as it is."""
    return _signer(use).sign(str(order_id))


def read_token(token: str, use: TokenPurpose) -> int | None:
    """The id of the order; None for a token that is forged, too old, or for another use."""
    try:
        return int(_signer(use).unsign(token, max_age=LIFETIME))
    except (BadSignature, ValueError):
        return None


def _signer(use: TokenPurpose) -> TimestampSigner:
    return TimestampSigner(sep=".", salt=f"oscar_mpesa.{use.value}")
