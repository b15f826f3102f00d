"""A payment's statuses, and the closed table of transitions between them.

::

    pending → processing | completed | failed | cancelled | expired
    processing → completed | failed | cancelled | expired
    failed, cancelled, expired → completed
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType


class PaymentStatus(str, Enum):
    """The status of one payment."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    def __str__(self) -> str:
        return self.value


#: Safaricom's result is still to come.
LIVE = frozenset({PaymentStatus.PENDING, PaymentStatus.PROCESSING})

#: The payment has ended. Late money can still complete it.
FINAL = frozenset(PaymentStatus) - LIVE

_COMPLETION = frozenset({PaymentStatus.COMPLETED})

#: Every allowed transition. Refunds belong to receipts, so no status follows ``completed``.
TRANSITIONS: Mapping[PaymentStatus, frozenset[PaymentStatus]] = MappingProxyType(
    {
        PaymentStatus.PENDING: FINAL | {PaymentStatus.PROCESSING},
        PaymentStatus.PROCESSING: FINAL,
        PaymentStatus.COMPLETED: frozenset(),
        PaymentStatus.FAILED: _COMPLETION,
        PaymentStatus.CANCELLED: _COMPLETION,
        PaymentStatus.EXPIRED: _COMPLETION,
    }
)


class IllegalTransition(Exception):
    """The code requested a transition that is not in the table. This is a bug, not a payment error."""

    def __init__(self, before: PaymentStatus, after: PaymentStatus) -> None:
        super().__init__(f"a payment cannot go from {before} to {after}")
        self.before = before
        self.after = after

    def __reduce__(self) -> tuple[type[IllegalTransition], tuple[PaymentStatus, PaymentStatus]]:
        return type(self), (self.before, self.after)


def is_allowed(before: PaymentStatus, after: PaymentStatus) -> bool:
    """Return whether the table has the transition. An update without one is stored and changes nothing."""
    return after in TRANSITIONS[before]


def require_transition(before: PaymentStatus, after: PaymentStatus) -> None:
    """Raise ``IllegalTransition`` unless the table has the transition. Don't use this for payment updates."""
    if not is_allowed(before, after):
        raise IllegalTransition(before, after)
