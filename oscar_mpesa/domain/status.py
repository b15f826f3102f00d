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


class Status(str, Enum):
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
LIVE = frozenset({Status.PENDING, Status.PROCESSING})

#: It ended; money that comes late may still complete it.
FINAL = frozenset(Status) - LIVE

_COMPLETION = frozenset({Status.COMPLETED})

#: Every legal step. Returns of money live on receipts, so nothing follows ``completed``.
STEPS: Mapping[Status, frozenset[Status]] = MappingProxyType(
    {
        Status.PENDING: FINAL | {Status.PROCESSING},
        Status.PROCESSING: FINAL,
        Status.COMPLETED: frozenset(),
        Status.FAILED: _COMPLETION,
        Status.CANCELLED: _COMPLETION,
        Status.EXPIRED: _COMPLETION,
    }
)


class IllegalStep(Exception):
    """A command asked for a step that is not in the table: a fault in the program, not in the payment."""

    def __init__(self, before: Status, after: Status) -> None:
        super().__init__(f"a payment cannot go from {before} to {after}")
        self.before = before
        self.after = after

    def __reduce__(self) -> tuple[type[IllegalStep], tuple[Status, Status]]:
        return type(self), (self.before, self.after)


def is_legal(before: Status, after: Status) -> bool:
    """Tell whether the step is in the table; news that is not is kept and changes nothing."""
    return after in STEPS[before]


def require(before: Status, after: Status) -> None:
    """Raise ``IllegalStep`` unless the step is in the table: for commands, never for news."""
    if not is_legal(before, after):
        raise IllegalStep(before, after)
