"""Compute what orders owe and what receipts have left (L1). Write the cached sums (L2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain.money import rounded
from oscar_mpesa.models import (
    ClaimStatus,
    MpesaAllocation,
    MpesaClaim,
    MpesaOrder,
    MpesaPayment,
    MpesaReceipt,
    MpesaRefund,
    RefundPurpose,
    RefundStatus,
    ReversalReason,
)
from oscar_mpesa.services.entry_sums import NOTHING, Entries, total
from oscar_mpesa.services.ports import shop

__all__ = ["NOTHING", "Entries", "Ledger", "read_ledger"]

#: An order is paid when less than this is missing, in shillings. Entries are not split for less.
TOLERANCE = Decimal(1)


@dataclass(slots=True, kw_only=True)
class Ledger(Entries):
    """The entries about one order, read under its lock.

    ``allocations`` are the order's own, reversed ones too, and all others of its receipts. ``claims`` are the order's
    open claims. ``total`` is what the order costs, rounded, less what other payment methods paid, in shillings.
    ``cached`` are the sums that the receipts' rows have, and ``covered_before`` is what ``covered`` was when the order
    was last assessed.
    """

    mpesa_order: MpesaOrder
    total: Decimal
    receipts: list[MpesaReceipt]
    claims: list[MpesaClaim]
    cached: dict[int, tuple[Decimal, str, str]]
    covered_before: Decimal

    @property
    def active(self) -> list[MpesaAllocation]:
        """Return the allocations that count for this order, oldest first."""
        own = (each for each in self.allocations if each.order_id == self.mpesa_order.pk and each.is_active)
        return sorted(own, key=lambda each: each.pk)

    @property
    def proven(self) -> list[MpesaAllocation]:
        """Return the active allocations of receipts."""
        return [each for each in self.active if each.receipt_id is not None]

    @property
    def claimed(self) -> list[MpesaAllocation]:
        """Return the active allocations of claims."""
        return [each for each in self.active if each.claim_id is not None]

    @property
    def is_canceled(self) -> bool:
        """Return whether the order was canceled, so that it owes nothing and can't be paid."""
        return bool(self.mpesa_order.order.status == get_settings().CANCELLED_STATUS)

    @property
    def owed(self) -> Decimal:
        """Return what the order owes before its own money counts. Completed credit refunds lower it."""
        if self.is_canceled:
            return NOTHING
        refunds = (each for entry in self.active for each in self.completed_refunds(entry))
        return self.total - total(each for each in refunds if each.purpose == RefundPurpose.CREDIT)

    @property
    def countable(self) -> Decimal:
        """Return how much money may count for the order: what it owes, and nothing while it is closed."""
        return NOTHING if self.mpesa_order.is_closed else max(self.owed, NOTHING)

    @property
    def balance(self) -> Decimal:
        """Return what is missing, below zero if too much is allocated."""
        return self.owed - self.worth_of(self.active)

    @property
    def has_new_total(self) -> bool:
        """Return whether the order's total changed since it was last assessed."""
        return bool(self.mpesa_order.total_seen != self.mpesa_order.order.total_incl_tax)

    @property
    def covered(self) -> Decimal:
        """Return how much of the order's total nobody owes any more: what is paid, and what was credited."""
        return _covered(self.mpesa_order, self.balance)

    @property
    def is_paid(self) -> bool:
        """Return whether money of the ledger pays the order: it is open, and less than KSh 1 is missing."""
        is_open = not self.is_canceled and not self.mpesa_order.is_closed
        return bool(self.active) and self.balance < TOLERANCE and is_open

    @property
    def misses_money(self) -> bool:
        """Return whether the order misses money though it was paid, or though it goes on without being paid.

        An order that staff enrolled goes on unpaid as long as the shop likes, and may be paid for in another way. So
        money that staff took away again, because it was for another order, is not missing from it.
        """
        if self.mpesa_order.is_enrolled:
            was_paid = self.mpesa_order.paid_at is not None
            return was_paid and self.balance - self._unmatched_by_staff >= TOLERANCE
        return self.balance >= TOLERANCE and (self.mpesa_order.paid_at is not None or self._goes_on)

    @property
    def _unmatched_by_staff(self) -> Decimal:
        """Return how much staff unmatched that no later entry made good."""
        own = [each for each in self.allocations if each.order_id == self.mpesa_order.pk]
        steps = [(each.created_at, 1, each.amount) for each in own]
        by_staff = (each for each in own if each.reversal_reason == ReversalReason.STAFF)
        steps.extend((each.reversed_at, 0, -each.amount) for each in by_staff if each.reversed_at is not None)
        missing = NOTHING
        for _moment, _rank, amount in sorted(steps):
            missing = max(missing - amount, NOTHING)
        return missing

    @property
    def _goes_on(self) -> bool:
        """Return whether the order has another status than one of an unpaid or ended order."""
        settings = get_settings()
        ended = (settings.PENDING_STATUS, settings.EXPIRED_STATUS, settings.CANCELLED_STATUS)
        return self.mpesa_order.order.status not in ended and not self.mpesa_order.is_closed


def read_ledger(mpesa_order: MpesaOrder, *, new: MpesaReceipt | None = None) -> Ledger:
    """Return the ledger of an order whose row the caller locks; ``mpesa_order.order`` must be fresh.

    Locks the order's receipts and open claims in the order of their keys, then their entries: other orders share them.
    Makes at most eight queries. ``new`` is a receipt that the caller has just stored for the order: if the order was
    never assessed, it has nothing else, and one query is enough.
    """
    if new is not None and mpesa_order.balance is None:
        return _ledger_of(mpesa_order, [new], [], [], [])
    own_entries = MpesaAllocation.objects.filter(order_id=mpesa_order.pk)
    allocated = own_entries.filter(receipt__isnull=False).order_by().values_list("receipt_id", flat=True)
    meant = MpesaReceipt.objects.filter(meant_for_id=mpesa_order.pk).order_by().values_list("pk", flat=True)
    # Both change only under the order's lock, so reading them locks nothing.
    keys = sorted(meant.union(allocated))
    receipts = list(MpesaReceipt.objects.select_for_update().filter(pk__in=keys).order_by("pk")) if keys else []
    open_claims = MpesaClaim.objects.select_for_update().filter(order_id=mpesa_order.pk, status=ClaimStatus.OPEN)
    claims = list(open_claims.order_by("pk"))
    entries = list(own_entries.select_for_update().order_by("pk"))
    others = MpesaAllocation.objects.select_for_update().filter(receipt_id__in=keys).exclude(order_id=mpesa_order.pk)
    entries.extend(others.order_by("pk") if keys else ())
    refunds = MpesaRefund.objects.select_for_update().filter(receipt_id__in=keys).order_by("pk")
    _attach(entries, receipts, claims)
    return _ledger_of(mpesa_order, receipts, claims, entries, list(refunds) if keys else [])


def _ledger_of(
    mpesa_order: MpesaOrder,
    receipts: list[MpesaReceipt],
    claims: list[MpesaClaim],
    allocations: list[MpesaAllocation],
    refunds: list[MpesaRefund],
) -> Ledger:
    order = mpesa_order.order
    return Ledger(
        mpesa_order=mpesa_order,
        total=rounded(order.total_incl_tax, get_settings().ROUNDING) - shop().other_payments(order),
        receipts=receipts,
        claims=claims,
        allocations=allocations,
        refunds=refunds,
        cached={each.pk: cached_sums(each) for each in receipts},
        covered_before=_covered(mpesa_order, mpesa_order.balance),
    )


def _attach(entries: list[MpesaAllocation], receipts: list[MpesaReceipt], claims: list[MpesaClaim]) -> None:
    """Give the entries their receipt or claim, and the receipts their payment. A lock allows no join to them."""
    payments = [each.payment_id for each in receipts if each.payment_id is not None]
    payment_by_key = MpesaPayment.objects.in_bulk(payments) if payments else {}
    for receipt in receipts:
        receipt.payment = payment_by_key.get(receipt.payment_id or 0)
    receipt_by_key, claim_by_key = {each.pk: each for each in receipts}, {each.pk: each for each in claims}
    for entry in entries:
        if entry.receipt_id in receipt_by_key:
            entry.receipt = receipt_by_key[entry.receipt_id]
        if entry.claim_id in claim_by_key:
            entry.claim = claim_by_key[entry.claim_id]


def write_sums(ledger: Ledger, *, now: datetime) -> list[MpesaReceipt]:
    """Write the cached sums of an order and of its receipts where they changed; return the receipts that changed.

    Nothing else writes them. The caller has set ``unmatched_reason`` of the receipts with money left.
    """
    changed = [each for each in ledger.receipts if write_receipt_sums(ledger, each, ledger.cached.get(each.pk))]
    _write_order(ledger, now)
    return changed


def write_receipt_sums(entries: Entries, receipt: MpesaReceipt, cached: tuple[Decimal, str, str] | None) -> bool:
    """Write a receipt's cached sums if they differ from ``cached``; return whether they do."""
    left = entries.left(receipt)
    receipt.unallocated, receipt.unmatched_reason = left, receipt.unmatched_reason if left else ""
    receipt.status = entries.status_of(receipt).value
    if cached_sums(receipt) == cached:
        return False
    receipt.save(update_fields=["unallocated", "unmatched_reason", "status"])
    return True


def cached_sums(receipt: MpesaReceipt) -> tuple[Decimal, str, str]:
    """Return a receipt's cached unallocated amount, its reason and its status."""
    return receipt.unallocated, receipt.unmatched_reason, receipt.status


def _write_order(ledger: Ledger, now: datetime) -> None:
    mpesa_order, before = ledger.mpesa_order, _sums_of(ledger.mpesa_order)
    mpesa_order.balance, mpesa_order.total_seen = ledger.balance, mpesa_order.order.total_incl_tax
    mpesa_order.is_paid = ledger.is_paid
    if mpesa_order.is_paid and mpesa_order.paid_at is None:
        mpesa_order.paid_at = now
    mpesa_order.unpaid_since = (mpesa_order.unpaid_since or now) if ledger.misses_money else None
    if before == _sums_of(mpesa_order):
        return
    mpesa_order.status_seen = mpesa_order.order.status
    mpesa_order.revision += 1
    mpesa_order.save(
        update_fields=["balance", "total_seen", "status_seen", "is_paid", "paid_at", "unpaid_since", "revision"]
    )


def _sums_of(mpesa_order: MpesaOrder) -> tuple[Any, ...]:
    return mpesa_order.balance, mpesa_order.is_paid, mpesa_order.total_seen, mpesa_order.unpaid_since


def write_status(mpesa_order: MpesaOrder) -> None:
    """Write which status of the order was assessed. The shop's books may have changed it."""
    if mpesa_order.status_seen != mpesa_order.order.status:
        mpesa_order.status_seen = mpesa_order.order.status
        mpesa_order.save(update_fields=["status_seen"])


def balance_of(mpesa_order: MpesaOrder) -> Decimal:
    """Return what an order owes now, in shillings, from its entries. The caller locks the order."""
    return read_ledger(mpesa_order).balance


def unmatched_receipts(order_id: Any) -> QuerySet[MpesaReceipt]:
    """Return the receipts meant for an order that have an unallocated amount."""
    return MpesaReceipt.objects.counted().needing_decision().filter(meant_for_id=order_id)


def keeps_money(order_id: int) -> bool:
    """Return whether some of the money that counts for an order was not refunded. Makes one query."""
    completed = Q(refunds__status=RefundStatus.COMPLETED)
    refunded = Coalesce(Sum("refunds__amount", filter=completed), NOTHING)
    entries = MpesaAllocation.objects.active().filter(order_id=order_id).annotate(refunded=refunded)
    return entries.filter(amount__gt=F("refunded")).exists()


def has_open_money(mpesa_order: MpesaOrder) -> bool:
    """Return whether an order is paid, or money for it waits for a decision, so that nobody should pay again.

    A part payment is no reason. Makes at most one query.
    """
    return mpesa_order.is_paid or unmatched_receipts(mpesa_order.pk).exists()


def without_open_money(orders: QuerySet[MpesaOrder]) -> QuerySet[MpesaOrder]:
    """Return the orders of which ``has_open_money`` is false."""
    return orders.filter(is_paid=False).exclude(Exists(unmatched_receipts(OuterRef("pk"))))


def _covered(mpesa_order: MpesaOrder, balance: Decimal | None) -> Decimal:
    return (mpesa_order.total_seen or NOTHING) - (balance or NOTHING)
