"""Sign tokens that give a headless client access to a guest's order, in place of a session. Nothing is stored."""

from __future__ import annotations

from datetime import timedelta

from django.core.signing import BadSignature, TimestampSigner

__all__ = ["make_token"]

#: How long a token is valid.
LIFETIME = timedelta(days=7)


def make_token(order_id: int) -> str:
    """Return the owner's token for Oscar's order with this id. It is safe in a header, and can't be guessed."""
    return _signer().sign(str(order_id))


def read_token(token: str) -> int | None:
    """Return the id of the order, or None if the token is forged or expired."""
    try:
        return int(_signer().unsign(token, max_age=LIFETIME))
    except (BadSignature, ValueError):
        return None


def _signer() -> TimestampSigner:
    return TimestampSigner(sep=".", salt="oscar_mpesa.own")
