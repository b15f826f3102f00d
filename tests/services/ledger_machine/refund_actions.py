"""Refunds of the money of three orders: by hand, reserved for later, and voided."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from oscar_mpesa.models import MpesaRefund
from oscar_mpesa.services import refunds
from oscar_mpesa.services.exceptions import BookingFailed, DecisionRefused
from tests.services.ledger_machine import sums
from tests.services.ledger_machine.machine import LedgerMachine

WHICH = st.integers(0, 6)
HOURS = st.sampled_from([0, 0, 4, 12])
REFUNDED = st.sampled_from([100, 100, 400, 1000, 1500])


class RefundActions(LedgerMachine):
    """The rules about refunds."""

    @precondition(lambda self: self.model.receipts)
    @rule(which=WHICH, amount=REFUNDED, purpose=st.sampled_from(["credit", "payment_returned", None]), hours=HOURS)
    def refund(self, which: int, amount: int, purpose: Any, hours: int) -> None:
        receipt = self.receipt(which)
        parts = self.model.refund_parts(receipt, Decimal(amount))
        happened_at = max(self.now - timedelta(hours=hours), min(receipt.paid_at, self.now))
        sent = {"code": "by hand", "purpose": purpose, "happened_at": happened_at}
        try:
            signed = {"by": self.shop.staff, "now": self.now}
            rows = refunds.record_refund(self.row(receipt), amount=Decimal(amount), **sent, **signed)
        except BookingFailed:
            assert self.shop_raises
            return
        except DecisionRefused:
            assert sum(part for _, part in parts) < amount
            return
        assert [row.amount for row in rows] == [part for _, part in parts]
        made = [
            sums.Refund(
                key=row.pk,
                receipt=receipt,
                entry=entry,
                amount=part,
                is_credit=row.purpose == "credit",
                status="completed",
            )
            for row, (entry, part) in zip(rows, parts, strict=True)
        ]
        if purpose is None:
            self.check_purposes(made)
        self.model.refunds |= {each.key: each for each in made}
        self.model.change_refunds(made)

    def check_purposes(self, made: list[sums.Refund]) -> None:
        for each in made:
            order = each.entry.order if each.entry else None
            others = [row for row in self.model.receipts.values() if row is not each.receipt and row.order == order]
            has_others = any(self.model.left(row) for row in others)
            assert each.is_credit == (order is not None and not has_others)

    @precondition(lambda self: self.model.receipts)
    @rule(which=WHICH, amount=REFUNDED)
    def reserve_refund(self, which: int, amount: int) -> None:
        """Request a refund, as a later service will."""
        receipt = self.receipt(which)
        parts = self.model.refund_parts(receipt, Decimal(amount))[:1]
        for entry, part in parts:
            row = MpesaRefund.objects.create(
                receipt_id=receipt.key,
                allocation=self.entry_row(entry) if entry else None,
                amount=part,
                purpose="payment_returned",
                method="reversal",
                status="requested",
                requested_at=self.now,
            )
            self.model.refunds[row.pk] = sums.Refund(
                key=row.pk, receipt=receipt, entry=entry, amount=part, is_credit=False, status="requested"
            )
        self.reassess_orders_of(receipt)

    @precondition(lambda self: any(each.status == "requested" for each in self.model.refunds.values()))
    @rule(which=WHICH)
    def reject_refund(self, which: int) -> None:
        waiting = [each for each in self.model.refunds.values() if each.status == "requested"]
        refund = waiting[which % len(waiting)]
        MpesaRefund.objects.filter(pk=refund.key).update(status="rejected")
        refund.status = "rejected"
        self.reassess_orders_of(refund.receipt)

    @precondition(lambda self: self.model.refunds)
    @rule(which=WHICH)
    def void(self, which: int) -> None:
        known = sorted(self.model.refunds)
        refund = self.model.refunds[known[which % len(known)]]
        row = MpesaRefund.objects.get(pk=refund.key)
        try:
            refunds.void_refund(row, by=self.shop.staff, note="never sent", now=self.now)
        except BookingFailed:
            assert self.shop_raises
            return
        except DecisionRefused:
            assert refund.status != "completed"
            return
        refund.status = "voided"
        self.model.change_refunds([refund])
