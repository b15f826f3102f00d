"""The base of a history of money: the shop, its clock, the model, and a comparison after each step."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from django.core.cache import caches
from django.db import connection, transaction
from django.db.models.signals import pre_save
from hypothesis.stateful import RuleBasedStateMachine, invariant
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaAllocation, MpesaOrder, MpesaOutboxMessage, MpesaPayment, MpesaReceipt
from oscar_mpesa.oscar_adapter.adapter import OscarAdapter
from oscar_mpesa.services import reconciliation
from oscar_mpesa.services.ledger_check import check_ledger
from oscar_mpesa.services.locks import lock_mpesa_order
from oscar_mpesa.services.ports import replaced_adapter
from oscar_mpesa.services.reassessment import reassess_order
from tests.services.ledger_machine import sums
from tests.services.ledger_machine.invariants import (
    broken_invariants,
    changed_past_days,
    figures_of_days,
    wrong_balances,
    wrong_balances_of_handed_over,
)
from tests.services.ledger_machine.model import Model
from tests.services.ledger_machine.rows import Rows
from tests.services.ledger_machine.shop import Shop
from tests.shop import NOON

Source = get_model("payment", "Source")
Order = get_model("order", "Order")


class ShopBroke(Exception):
    """The error of the shop's own receiver."""


class SilentAdapter(OscarAdapter):
    """Send no emails."""

    def send_email(self, message: MpesaOutboxMessage) -> None:
        """Pretend to have sent it."""


class LedgerMachine(RuleBasedStateMachine):
    """The state and helpers of the rules; it has no rule of its own."""

    shop: ClassVar[Shop]

    def __init__(self) -> None:
        super().__init__()
        caches["default"].clear()
        self.shop.snapshot.restore()
        self.now, self.shop_raises = NOON, False
        self.stack = ExitStack()
        logging.disable()  # thousands of lines about what waits for a decision
        self.stack.callback(logging.disable, logging.NOTSET)
        clock = self.stack.enter_context(pytest.MonkeyPatch.context())
        clock.setattr("django.utils.timezone.now", lambda: self.now)
        self.stack.enter_context(replaced_adapter(SilentAdapter()))
        pre_save.connect(self.shop_code, sender=Source)
        self.stack.callback(pre_save.disconnect, self.shop_code, sender=Source)
        self.model = self.new_model()
        self.rows = Rows.read()
        self.figures = figures_of_days(self.rows)

    def teardown(self) -> None:
        self.stack.close()
        assert [str(each) for each in check_ledger()] == []

    def new_model(self) -> Model:
        start = Model()
        for order in Order.objects.filter(pk__in=self.shop.orders):
            has_payments = order.pk in self.shop.order_of.values()
            start.orders[order.pk] = sums.Order(key=order.pk, total=order.total_incl_tax, has_payments=has_payments)
        return start

    @invariant()
    def ledger_is_right(self) -> None:
        rows = Rows.read()
        figures = figures_of_days(rows)
        errors = [*broken_invariants(rows), *self.differences(rows)]
        errors += changed_past_days(self.figures, figures, self.now)
        errors += [*wrong_balances(self.rows, rows), *wrong_balances_of_handed_over(self.rows, rows)]
        errors += self.changed_by_reassessing(rows)
        self.rows, self.figures = rows, figures
        assert not errors, "; ".join(errors)
        self.now += timedelta(seconds=1)

    def differences(self, rows: Rows) -> list[str]:
        """Return where the rows are not what the model says."""
        errors = []
        for key, receipt in self.model.receipts.items():
            row = rows.receipts[key]
            errors += self.compare(f"receipt {key}", (self.model.left(receipt), row.unallocated))
            errors += self.compare(f"receipt {key}", (receipt.number, row.number))
            entries = [(entry.order, entry.amount) for entry in self.model.entries_of(receipt)]
            errors += self.compare(f"receipt {key}", (entries, self.active(rows, "receipt_id", key)))
        for key, claim in self.model.claims.items():
            entries = [(entry.order, entry.amount) for entry in self.model.entries_of(claim)]
            errors += self.compare(f"claim {key}", (entries, self.active(rows, "claim_id", key)))
            errors += self.compare(f"claim {key}", (claim.is_open, rows.claims[key].status == "open"))
        for key, row in rows.mpesa_orders.items():
            order = self.model.orders[key]
            if row.balance is not None:
                errors += self.compare(f"balance of {key}", (self.model.balance(order), row.balance))
            errors += self.compare(f"is_paid of {key}", (self.model.is_paid(order), row.is_paid))
            errors += self.compare(f"closing of {key}", (order.closed, row.close_reason))
        return errors

    @staticmethod
    def compare(what: str, pair: tuple[Any, Any]) -> list[str]:
        expected, actual = pair
        return [] if expected == actual else [f"{what}: expected {expected}, got {actual}"]

    @staticmethod
    def active(rows: Rows, column: str, key: int) -> list[tuple[int | None, Decimal]]:
        own = (entry for entry in rows.allocations.values() if getattr(entry, column) == key)
        return [(entry.order_id, entry.amount) for entry in own if entry.reversed_at is None]

    def changed_by_reassessing(self, rows: Rows) -> list[str]:
        """Reassess the orders that this step changed again, and return what that changed."""
        writes = connection.connection.total_changes
        for key in self.rows.changed_orders(rows):
            with transaction.atomic():
                reassess_order(lock_mpesa_order(key), now=self.now)
        is_retried = any(entry.error for entry in rows.allocations.values())  # the shop's own code raised
        if is_retried or connection.connection.total_changes == writes:
            return []
        return ["reassessing again wrote something", *rows.differences(Rows.read())]

    def order(self, which: int) -> Any:
        return Order.objects.get(pk=self.shop.orders[which])

    def payment(self, which: int) -> MpesaPayment:
        return MpesaPayment.objects.get(pk=self.shop.payments[which % len(self.shop.payments)])

    def unpaid_payment(self, which: int) -> MpesaPayment:
        """Return a payment without money, or any if all have it."""
        paid = set(MpesaReceipt.objects.values_list("payment_id", flat=True))
        keys = [key for key in self.shop.payments if key not in paid] or self.shop.payments
        return MpesaPayment.objects.get(pk=keys[which % len(keys)])

    def receipt(self, which: int) -> sums.Receipt:
        known = sorted(self.model.receipts)
        return self.model.receipts[known[which % len(known)]]

    def row(self, receipt: sums.Receipt) -> MpesaReceipt:
        return MpesaReceipt.objects.get(pk=receipt.key)

    def entry_row(self, entry: sums.Entry) -> MpesaAllocation:
        """Return the row of an entry: entries of the same money are in the same order."""
        own = MpesaAllocation.objects.filter(receipt_id=entry.money.key, reversed_at=None).order_by("pk")
        return list(own)[self.model.entries_of(entry.money).index(entry)]

    def reassess_orders_of(self, receipt: sums.Receipt) -> None:
        """Reassess the orders that a receipt concerns, as a service that changes its refunds would."""
        keys = sorted({receipt.order, *(entry.order for entry in self.model.entries_of(receipt) if entry.order)})
        with transaction.atomic():
            for key in keys:
                reassess_order(lock_mpesa_order(key), now=self.now)
        self.model.settle(keys)

    def reconcile_in(self, seconds: int) -> None:
        """Let time pass; then compare what was closed with what may be closed."""
        self.now += timedelta(seconds=seconds)
        was_open = set(MpesaOrder.objects.filter(closed_at=None).values_list("pk", flat=True))
        steps = reconciliation.reconcile(lambda: self.now)
        undone = [step for step in steps if not step.done]
        assert self.shop_raises or not undone, undone
        for closed in MpesaOrder.objects.filter(pk__in=was_open).exclude(closed_at=None):
            order = self.model.orders[closed.pk]
            waits = [each for each in self.model.receipts.values() if each.order == closed.pk and self.model.left(each)]
            assert self.now >= closed.pay_before, "closed too early"
            assert not self.model.is_paid(order), "closed although it is paid"
            assert not waits or self.now >= closed.pay_before + timedelta(hours=72), "closed while money waits"
            self.model.close(order, closed.close_reason)

    def shop_code(self, **_: Any) -> None:
        if self.shop_raises:
            raise ShopBroke
