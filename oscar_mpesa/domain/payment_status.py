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


def is_allowed(before: PaymentStatus, after: PaymentStatus) -> bool:
    """Return whether the table has the transition. An update without one is stored and changes nothing."""
    return after in TRANSITIONS[before]
