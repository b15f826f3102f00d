"""What a payment can be, and the closed table of steps between.

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
    """The state of one attempt to collect an order's money."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    def __str__(self) -> str:
        return self.value


#: An answer is still to come.
LIVE = frozenset({PaymentStatus.PENDING, PaymentStatus.PROCESSING})

#: It ended; money that comes late may still complete it.
FINAL = frozenset(PaymentStatus) - LIVE

_COMPLETION = frozenset({PaymentStatus.COMPLETED})

#: Every legal step. Returns of money live on receipts, so nothing follows ``completed``.
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
    """A command asked for a step that is not in the table: a fault in the program, not in the payment."""

    def __init__(self, before: PaymentStatus, after: PaymentStatus) -> None:
        super().__init__(f"a payment cannot go from {before} to {after}")
        self.before = before
        self.after = after

    def __reduce__(self) -> tuple[type[IllegalTransition], tuple[PaymentStatus, PaymentStatus]]:
        return type(self), (self.before, self.after)


def is_allowed(before: PaymentStatus, after: PaymentStatus) -> bool:
    """Tell whether the step is in the table; news that is not is kept and changes nothing."""
    return after in TRANSITIONS[before]


def require_transition(before: PaymentStatus, after: PaymentStatus) -> None:
    """Raise ``IllegalStep`` unless the step is in the table: for commands, never for news."""
    if not is_allowed(before, after):
        raise IllegalTransition(before, after)
