"""Add up allocations and refunds (L1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from oscar_mpesa.models import (
    MpesaAllocation,
    MpesaReceipt,
    MpesaRefund,
    ReceiptStatus,
    RefundStatus,
    UnmatchedReason,
)
from oscar_mpesa.models.receipts import STATUS_BY_REASON
from oscar_mpesa.models.refunds import COUNTING, RESERVING

NOTHING = Decimal(0)


def total(rows: Iterable[Any]) -> Decimal:
    """Return the sum of the rows' amounts, in shillings."""
    return sum((each.amount for each in rows), NOTHING)


@dataclass(slots=True, kw_only=True)
class Entries:
    """Allocations and refunds, and what they add up to, in shillings (L1)."""

    allocations: list[MpesaAllocation]
    refunds: list[MpesaRefund]

    def refunds_of(self, entry: MpesaAllocation) -> list[MpesaRefund]:
        """Return the refunds of an allocation."""
        return [each for each in self.refunds if each.allocation_id == entry.pk]

    def completed_refunds(self, entry: MpesaAllocation) -> list[MpesaRefund]:
        """Return the refunds of an allocation that sent money."""
        return [each for each in self.refunds_of(entry) if each.status == RefundStatus.COMPLETED]

    def refunded(self, entry: MpesaAllocation) -> Decimal:
        """Return what was refunded of an allocation."""
        return total(self.completed_refunds(entry))

    def reserved(self, entry: MpesaAllocation) -> Decimal:
        """Return what refunds that are not completed yet reserve of an allocation."""
        return total(each for each in self.refunds_of(entry) if each.status in RESERVING)

    def worth(self, entry: MpesaAllocation) -> Decimal:
        """Return what an allocation is worth: its amount without what was refunded of it."""
        return entry.amount - self.refunded(entry)

    def worth_of(self, entries: Iterable[MpesaAllocation]) -> Decimal:
        """Return what allocations are worth together."""
        return sum((self.worth(each) for each in entries), NOTHING)

    def free(self, entry: MpesaAllocation) -> Decimal:
        """Return how much of an allocation can be reversed or refunded."""
        return self.worth(entry) - self.reserved(entry)

    def entries_of(self, receipt: MpesaReceipt) -> list[MpesaAllocation]:
        """Return the active allocations of a receipt, for any order, oldest first."""
        own = (each for each in self.allocations if each.receipt_id == receipt.pk and each.is_active)
        return sorted(own, key=lambda each: each.pk)

    def left(self, receipt: MpesaReceipt) -> Decimal:
        """Return a receipt's unallocated amount. It is below zero if more was refunded than there was."""
        if receipt.same_as_id is not None:
            return NOTHING
        direct = (each for each in self.refunds if each.receipt_id == receipt.pk and each.allocation_id is None)
        refunds = total(each for each in direct if each.status in COUNTING)
        return receipt.amount - total(self.entries_of(receipt)) - refunds

    def status_of(self, receipt: MpesaReceipt) -> ReceiptStatus:
        """Return what a receipt counts for. One that repeats another row is *resolved*."""
        if self.left(receipt):
            reason = UnmatchedReason(receipt.unmatched_reason or UnmatchedReason.NO_ORDER)
            return STATUS_BY_REASON.get(reason, ReceiptStatus.UNMATCHED)
        if receipt.same_as_id is not None:
            return ReceiptStatus.RESOLVED
        worthy = [each for each in self.entries_of(receipt) if self.worth(each) > 0]
        if not worthy:
            return ReceiptStatus.REFUNDED
        is_matched = any(each.order_id is not None for each in worthy)
        return ReceiptStatus.MATCHED if is_matched else ReceiptStatus.RESOLVED
