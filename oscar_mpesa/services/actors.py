"""Say who acts on an order, so that services can refuse what the actor's page does not offer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

__all__ = ["Actor"]


class Role(str, Enum):
    """What a person is to an order: its owner, the holder of a payment link, or staff of the shop."""

    OWNER = "owner"
    PAYER = "payer"
    STAFF = "staff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts. Limits count by ``session_digest`` (a hash; empty without a session) and client ``address``.

    ``user`` is the member of staff, whose permissions count; None for all others.
    """

    role: Role = Role.OWNER
    session_digest: str = ""
    address: str | None = None
    user: Any = None
