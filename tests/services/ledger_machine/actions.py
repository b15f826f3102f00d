"""What Safaricom, the clock and staff may do to the money of three orders, in any order."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule
from oscar.apps.order.exceptions import InvalidOrderStatus
from oscar.core.loading import get_class

from oscar_mpesa.models import MpesaClaim, MpesaPayment
from oscar_mpesa.services import allocation, claims, order_closure
from oscar_mpesa.services.callbacks import receive_callback
from oscar_mpesa.services.exceptions import DecisionRefused
from oscar_mpesa.services.payment_updates import apply_update
from tests.commit_hooks import commit_hooks
from tests.services.ledger_machine import sums
from tests.services.ledger_machine.invariants import NAIROBI
from tests.services.ledger_machine.refund_actions import WHICH, RefundActions
from tests.shop import query_update, success

ORDERS = st.sampled_from([0, 0, 0, 1, 1, 2])
#: A code that nobody has named yet, or one that staff may have recorded.
NEW = "new"
NUMBERS = st.sampled_from([NEW, NEW, NEW, *(f"OD{letter}0000001" for letter in "ABC")])
CLAIMED_NUMBERS = st.sampled_from([f"OD{letter}0000001" for letter in "ABC"])
AMOUNTS = st.sampled_from([None, None, None, 1000, 1500, 500, 1])
CLAIMED = st.sampled_from([1500, 1500, 1000, 500, 400])
TOTALS = st.sampled_from(["1500.00", "1000.00", "500.00", "2000.00", "999.60", "3000.00"])
PARTS = st.sampled_from([None, None, 1, 400, 500, 1000])
#: Hours since the payer paid.
DELAYS = st.sampled_from([0, 0, 0, 1, 14, 20, 60])
SPANS = st.sampled_from([60, 1801, 6 * 3600, 14 * 3600, 25 * 3600, 80 * 3600])


class LedgerActions(RefundActions):
    """Each rule is one action; where the service refuses it, nothing may change."""

    # Safaricom

    @initialize(which=WHICH, amount=AMOUNTS)
    def begin_with_money(self, which: int, amount: int | None) -> None:
        self.receive_money(which, NEW, amount, 0)

    @rule(which=WHICH, number=NUMBERS, amount=AMOUNTS, delay=DELAYS)
    def receive_money(self, which: int, number: str, amount: int | None, delay: int) -> None:
        self.receive(self.unpaid_payment(which), number, amount, delay)

    @rule(which=WHICH, number=NUMBERS, amount=AMOUNTS, delay=DELAYS)
    def repeat_callback(self, which: int, number: str, amount: int | None, delay: int) -> None:
        """Name a code, or another one, for any payment, also one that has its money."""
        self.receive(self.payment(which), number, amount, delay)

    @precondition(lambda self: any(claim.is_open for claim in self.model.claims.values()))
    @rule(which=WHICH, payment=WHICH, is_same=st.booleans())
    def report_claimed_code(self, which: int, payment: int, is_same: bool) -> None:
        """Name the code of a claim for money that may be of its order and amount."""
        opened = [claim for claim in self.model.claims.values() if claim.is_open]
        claim = opened[which % len(opened)]
        same = [key for key in self.shop.payments if self.shop.order_of[key] == claim.order]
        chosen = MpesaPayment.objects.get(pk=same[payment % len(same)]) if is_same and same else self.payment(payment)
        self.receive(chosen, claim.number, int(claim.amount) if is_same else None, 0)

    def receive(self, payment: MpesaPayment, number: str, amount: int | None, delay: int) -> None:
        number = f"ODN{len(self.model.receipts):07}" if number == NEW else number
        paid_at = (self.now - timedelta(hours=delay)).replace(microsecond=0)
        at = int(f"{paid_at.astimezone(NAIROBI):%Y%m%d%H%M%S}")
        body = success(payment, number=number, amount=amount, TransactionDate=at)
        receive_callback(body, secret=payment.secret, address=None, now=self.now, is_confirmed=True)
        known = {receipt.number: receipt for receipt in self.model.receipts.values()}
        own = self.own_money(payment)
        if number in known:
            return
        if own is None:
            self.model.receive(self.new_receipt(payment, Decimal(amount or payment.amount), paid_at, number))
        elif own.number is None:
            self.model.complete(own, number, paid_at)

    @rule(which=WHICH)
    def query_says_paid(self, which: int) -> None:
        payment = self.unpaid_payment(which)
        apply_update(payment, query_update("0"), now=self.now)
        if self.own_money(payment) is None:
            self.model.receive(self.new_receipt(payment, Decimal(payment.amount), self.now, None))

    @precondition(lambda self: any(receipt.number is None for receipt in self.model.receipts.values()))
    @rule(which=WHICH, number=NUMBERS)
    def name_money(self, which: int, number: str) -> None:
        unnamed = [receipt.key for receipt in self.model.receipts.values() if receipt.number is None]
        payment = MpesaPayment.objects.get(receipts=unnamed[which % len(unnamed)])
        self.receive(payment, number, None, 0)

    def own_money(self, payment: Any) -> sums.Receipt | None:
        keys = set(payment.receipts.values_list("pk", flat=True)) & set(self.model.receipts)
        return self.model.receipts[keys.pop()] if keys else None

    @staticmethod
    def new_receipt(payment: Any, amount: Decimal, paid_at: datetime, number: str | None) -> sums.Receipt:
        return sums.Receipt(
            key=payment.receipts.get().pk,
            order=payment.order_id,
            amount=amount,
            asked=Decimal(payment.amount),
            paid_at=paid_at,
            number=number,
        )

    # Clock

    @rule(seconds=SPANS)
    def pass_time(self, seconds: int) -> None:
        self.reconcile_in(seconds)

    # Staff, about recorded codes

    @rule(order=ORDERS, number=CLAIMED_NUMBERS, amount=CLAIMED)
    def record_claim(self, order: int, number: str, amount: int) -> None:
        known = {receipt.number for receipt in self.model.receipts.values()}
        known |= {claim.number for claim in self.model.claims.values() if claim.is_open}
        signed = {"by": self.shop.staff, "note": "on the statement", "now": self.now}
        try:
            claim = claims.record_claim(number, Decimal(amount), order=self.order(order), **signed)
        except DecisionRefused:
            assert number in known
            return
        assert number not in known
        self.model.record_claim(sums.Claim(key=claim.pk, order=claim.order_id, amount=Decimal(amount), number=number))

    @precondition(lambda self: self.model.claims)
    @rule(which=WHICH)
    def withdraw_claim(self, which: int) -> None:
        known = sorted(self.model.claims)
        claim = self.model.claims[known[which % len(known)]]
        try:
            claims.withdraw_claim(
                MpesaClaim.objects.get(pk=claim.key), by=self.shop.staff, note="mistyped", now=self.now
            )
        except DecisionRefused:
            assert not claim.is_open
            return
        self.model.withdraw(claim)

    # Staff, about money

    @precondition(lambda self: self.model.receipts)
    @rule(which=WHICH, order=ORDERS, part=PARTS)
    def match(self, which: int, order: int, part: int | None) -> None:
        receipt, target = self.receipt(which), self.model.orders[self.shop.orders[order]]
        most = min(self.model.left(receipt), self.model.missing_proof(target))
        amount = most if part is None else Decimal(part)
        is_possible = 0 < amount <= most and self.model.missing_proof(target) >= 1 and not target.is_canceled
        chosen = None if part is None else amount
        try:
            allocation.allocate(self.row(receipt), self.order(order), amount=chosen, by=self.shop.staff, now=self.now)
        except DecisionRefused:
            assert not is_possible
            return
        assert is_possible
        self.model.match(receipt, target, amount)

    @precondition(lambda self: self.model.receipts)
    @rule(which=WHICH, newest=st.booleans())
    def unmatch(self, which: int, newest: bool) -> None:
        receipt = self.receipt(which)
        entries = self.model.entries_of(receipt)
        if not entries:
            return
        self.reverse(entries[-1 if newest else 0])

    def reverse(self, entry: sums.Entry) -> None:
        signed = {"by": self.shop.staff, "note": "another order's", "now": self.now}
        try:
            allocation.reverse_allocation(self.entry_row(entry), **signed)
        except DecisionRefused:
            assert not self.model.free(entry)
            return
        self.model.unmatch(entry)

    @precondition(lambda self: self.model.receipts)
    @rule(which=WHICH, newest=st.booleans(), order=ORDERS, part=PARTS)
    def move(self, which: int, newest: bool, order: int, part: int | None) -> None:
        entries = self.model.entries_of(self.receipt(which))
        if not entries:
            return
        entry, target = entries[-1 if newest else 0], self.model.orders[self.shop.orders[order]]
        most = min(self.model.free(entry), self.model.missing_proof(target))
        amount = most if part is None else Decimal(part)
        is_payable = self.model.missing_proof(target) >= 1 and not target.is_canceled and entry.order != target.key
        signed = {"by": self.shop.staff, "note": "another order's", "now": self.now}
        chosen = None if part is None else amount
        try:
            allocation.move_allocation(self.entry_row(entry), self.order(order), amount=chosen, **signed)
        except DecisionRefused:
            assert not (is_payable and 0 < amount <= most)
            return
        assert is_payable
        assert 0 < amount <= most
        self.model.move(entry, target, amount)

    @precondition(lambda self: any(entry.order is None for entry in self.model.entries))
    @rule(which=WHICH)
    def undo_resolving(self, which: int) -> None:
        resolved = [entry for entry in self.model.entries if entry.order is None]
        self.reverse(resolved[which % len(resolved)])

    @precondition(lambda self: self.model.receipts)
    @rule(which=WHICH)
    def resolve(self, which: int) -> None:
        receipt = self.receipt(which)
        try:
            allocation.resolve_receipt(self.row(receipt), note="settled in cash", by=self.shop.staff, now=self.now)
        except DecisionRefused:
            assert self.model.left(receipt) <= 0
            return
        self.model.resolve(receipt)

    # The shop

    @rule(order=ORDERS, total=TOTALS)
    def change_total(self, order: int, total: str) -> None:
        row = self.order(order)
        row.total_incl_tax = Decimal(total)
        row.save()
        self.model.change_total(self.model.orders[row.pk], Decimal(total))

    @rule(order=ORDERS, status=st.sampled_from(["Cancelled", "Being processed", "Being processed", "Complete"]))
    def set_status(self, order: int, status: str) -> None:
        row = self.order(order)
        with suppress(InvalidOrderStatus), transaction.atomic():
            with commit_hooks():
                get_class("order.processing", "EventHandler")().handle_order_status_change(row, status)
            changed = self.model.orders[row.pk]
            changed.is_canceled = status == "Cancelled"
            changed.closed = changed.closed if changed.is_canceled else ""
            self.model.settle([row.pk])

    @rule(order=ORDERS)
    def close(self, order: int) -> None:
        row = self.order(order)
        if row.pk not in self.rows.mpesa_orders:
            return
        with suppress(order_closure.CloseRefused):
            order_closure.close_order(row, by=self.shop.staff, now=self.now)
            self.model.close(self.model.orders[row.pk], "staff")

    @rule(raises=st.booleans())
    def break_or_mend_shop_code(self, raises: bool) -> None:
        self.shop_raises = raises
