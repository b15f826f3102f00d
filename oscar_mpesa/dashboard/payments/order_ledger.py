"""The money of one order as staff see it: its receipts, what each counts for, and the sums of the order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from oscar_mpesa.domain.money import ksh
from oscar_mpesa.models import (
    ClaimStatus,
    MpesaAllocation,
    MpesaClaim,
    MpesaOrder,
    MpesaPayment,
    MpesaReceipt,
    MpesaRefund,
    RefundStatus,
)
from oscar_mpesa.services.ledger import NOTHING, Entries


@dataclass(slots=True, kw_only=True)
class OrderLedger(Entries):
    """The receipts of an order, oldest first, its open claims, and the entries of both, reversed ones among them.

    The receipts include those matched to other orders. ``allocations`` and ``refunds`` include those of money that once
    counted for the order. Amounts are shillings.
    """

    mpesa_order: MpesaOrder
    receipts: list[MpesaReceipt]
    claims: list[MpesaClaim]

    @property
    def active(self) -> list[MpesaAllocation]:
        """Return the entries that count for this order, oldest first."""
        return [each for each in self.own_entries if each.is_active]

    @property
    def own_entries(self) -> list[MpesaAllocation]:
        """Return the entries of this order, reversed ones among them, oldest first."""
        return [each for each in self.allocations if each.order_id == self.mpesa_order.pk]

    @property
    def counted(self) -> Decimal:
        """Return what was counted for the order, with what was refunded of it."""
        return sum((each.amount for each in self.active), NOTHING)

    @property
    def refunded_amount(self) -> Decimal:
        """Return what was refunded of it."""
        return sum((self.refunded(each) for each in self.active), NOTHING)

    @property
    def kept_amount(self) -> Decimal:
        """Return what refunds left of it."""
        return self.worth_of(self.active)

    @property
    def unconfirmed(self) -> Decimal:
        """Return what only staff reported of it."""
        return sum((each.amount for each in self.active if each.claim_id is not None), NOTHING)

    @property
    def missing(self) -> Decimal:
        """Return what is missing, below zero if the order got too much."""
        balance = self.mpesa_order.balance
        total: Decimal = self.mpesa_order.order.total_incl_tax
        return total - self.kept_amount if balance is None else balance

    @property
    def owed(self) -> Decimal:
        """Return what the order costs, less refunds that lowered its price and what other payment methods paid."""
        return self.missing + self.kept_amount

    @property
    def undecided(self) -> list[MpesaReceipt]:
        """Return the receipts meant for the order that have an unallocated amount."""
        own = (each for each in self.receipts if each.meant_for_id == self.mpesa_order.pk)
        return [each for each in own if each.needs_decision]

    @property
    def codes(self) -> str:
        """Return the M-PESA codes of what counts for the order, each once, with commas between them."""
        money = {(each.receipt_id, each.claim_id): each.number for each in self.active}
        return ", ".join(number or pgettext("label", "code missing") for number in money.values())

    @property
    def uncounted_claims(self) -> list[MpesaClaim]:
        """Return the open claims that count for nothing, without those that only name the code of a receipt."""
        counting = {each.claim_id for each in self.active}
        return [each for each in self.claims if each.receipt_id is None and each.pk not in counting]

    @property
    def sums(self) -> list[tuple[str, str]]:
        """Return what the order owes, received, gave back and still misses, each with its label."""
        rows = [
            (pgettext("money", "Amount due"), ksh(self.owed)),
            (pgettext("money", "Received"), self._received),
            (pgettext("money", "Refunded"), ksh(self.refunded_amount)),
            (pgettext("money", "Balance"), self._balance),
        ]
        if self.undecided:
            waiting = sum((each.unallocated for each in self.undecided), NOTHING)
            rows.append((pgettext("money", "Waits for a decision"), ksh(waiting)))
        return rows

    @property
    def _received(self) -> str:
        if not self.unconfirmed:
            return ksh(self.counted)
        values = {"amount": ksh(self.counted), "unconfirmed": ksh(self.unconfirmed)}
        return pgettext("money", "%(amount)s, of it unconfirmed %(unconfirmed)s") % values

    @property
    def _balance(self) -> str:
        if self.missing > 0:
            return pgettext("money", "%(amount)s missing") % {"amount": ksh(self.missing)}
        if self.missing < 0:
            return pgettext("money", "%(amount)s too much") % {"amount": ksh(-self.missing)}
        return ksh(NOTHING)

    def receipt_of(self, payment: MpesaPayment) -> MpesaReceipt | None:
        """Return the receipt of a payment."""
        return next((each for each in self.receipts if each.payment_id == payment.pk), None)

    def counted_of(self, claim: MpesaClaim) -> Decimal:
        """Return what a claim counts for this order."""
        return sum((each.amount for each in self.active if each.claim_id == claim.pk), NOTHING)

    def worth_here(self, receipt: MpesaReceipt) -> Decimal:
        """Return what refunds left of what a receipt counts for this order."""
        return self.worth_of(each for each in self.active if each.receipt_id == receipt.pk)

    def refunds_of_receipt(self, receipt: MpesaReceipt) -> list[MpesaRefund]:
        """Return the completed refunds of a receipt, oldest first."""
        own = (each for each in self.refunds if each.receipt_id == receipt.pk)
        return [each for each in own if each.status == RefundStatus.COMPLETED]

    def reported_code(self, receipt: MpesaReceipt) -> str:
        """Return the code that staff reported for money without one."""
        return next((each.number for each in self.claims if each.receipt_id == receipt.pk), "")

    def use_of(self, receipt: MpesaReceipt) -> str:
        """Return what a receipt counts for, with the amounts if it counts for several things."""
        if receipt.same_as_id is not None:
            return _("the same money as another row")
        parts = list(self._parts(receipt))
        if len(parts) == 1 and parts[0][0] == receipt.amount:
            return parts[0][1]
        return ", ".join(f"{ksh(amount)} {label}" for amount, label in parts)

    def _parts(self, receipt: MpesaReceipt) -> Iterator[tuple[Decimal, str]]:
        for entry in self.entries_of(receipt):
            if self.worth(entry) > 0:
                yield self.worth(entry), self._label(entry)
        refunded = sum((each.amount for each in self.refunds_of_receipt(receipt)), NOTHING)
        if refunded:
            yield refunded, pgettext("label", "refunded")
        if receipt.unallocated > 0:
            yield receipt.unallocated, receipt.get_status_display()

    def _label(self, entry: MpesaAllocation) -> str:
        order: Any = entry.order
        if order is None:
            return _("resolved with a note")
        if order.pk == self.mpesa_order.pk:
            return _("matched to this order")
        return _("matched to order %(order)s") % {"order": order.number}


def order_ledger(mpesa_order: MpesaOrder) -> OrderLedger:
    """Return the money of an order. Makes at most six queries; ``mpesa_order.order`` must be loaded."""
    receipts = list(MpesaReceipt.objects.of_order(mpesa_order.pk))
    allocations = _allocations(mpesa_order, {each.pk for each in receipts})
    keys = {each.receipt_id for each in allocations if each.receipt_id} | {each.pk for each in receipts}
    claims = MpesaClaim.objects.filter(order_id=mpesa_order.pk, status=ClaimStatus.OPEN)
    return OrderLedger(
        mpesa_order=mpesa_order,
        receipts=receipts,
        claims=list(claims.order_by("pk")),
        allocations=allocations,
        refunds=list(MpesaRefund.objects.filter(receipt_id__in=keys).order_by("pk")) if keys else [],
    )


def _allocations(mpesa_order: MpesaOrder, receipts: set[int]) -> list[MpesaAllocation]:
    """Return the entries of these receipts, those of the order, and the other entries of money that left it."""
    entries = MpesaAllocation.objects.select_related("receipt", "claim", "order").order_by("pk")
    found = list(entries.filter(Q(receipt_id__in=receipts) | Q(order_id=mpesa_order.pk)))
    gone = {each.receipt_id for each in found if each.receipt_id} - receipts
    others = list(entries.filter(receipt_id__in=gone).exclude(order_id=mpesa_order.pk)) if gone else []
    return sorted(found + others, key=lambda each: each.pk)
