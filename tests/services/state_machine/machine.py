"""The base of a history: a shop with two orders, Daraja, and a check of all invariants after each step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from django.core.cache import caches
from hypothesis.stateful import RuleBasedStateMachine, invariant
from oscar.apps.order.signals import order_status_changed
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaOutboxMessage, MpesaPayment, MpesaReceipt, Verdict
from oscar_mpesa.models.receipts import NEEDS_DECISION
from oscar_mpesa.oscar_adapter.adapter import OscarAdapter
from oscar_mpesa.services import reconciliation
from oscar_mpesa.services.callbacks import process_callback, receive_callback
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.services.ports import replaced_adapter
from oscar_mpesa.signals import order_paid
from tests.services.state_machine.fake_daraja import FakeDaraja
from tests.services.state_machine.invariants import PENDING, Facts, broken_invariants
from tests.services.state_machine.snapshot import RowSnapshot
from tests.shop import NOON, success
from tests.snapshots import Snapshot

Order = get_model("order", "Order")


class ShopBroke(Exception):
    """The error of the shop's own receiver."""


@dataclass(frozen=True, kw_only=True)
class Shop:
    """Where each history begins: two unpaid orders for the last item of a product each, and a staff user."""

    snapshot: Snapshot
    orders: tuple[int, ...]
    staff: Any


class CountingAdapter(OscarAdapter):
    """Count emails instead of sending them."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts

    def send_email(self, message: MpesaOutboxMessage) -> None:
        self.facts.announced[message.key, message.mpesa_order_id] += 1


class OrderMachine(RuleBasedStateMachine):
    """The state and helpers of the rules; it has no rule of its own."""

    shop: ClassVar[Shop]

    def __init__(self) -> None:
        super().__init__()
        caches["default"].clear()  # an earlier history's unanswered calls pause those of this one
        self.shop.snapshot.restore()
        self.daraja, self.facts = FakeDaraja(), Facts(now=NOON)
        self.shop_raises = False
        self.before = RowSnapshot.take()
        self.stack = ExitStack()
        self.stack.enter_context(replaced_transport(self.daraja))
        self.stack.enter_context(replaced_adapter(CountingAdapter(self.facts)))
        for signal, receiver in (
            (order_status_changed, self.shop_code),
            (order_paid, self.count_order_paid),
        ):
            signal.connect(receiver)
            self.stack.callback(signal.disconnect, receiver)

    def teardown(self) -> None:
        self.stack.close()

    @invariant()
    def every_invariant_holds(self) -> None:
        after = RowSnapshot.take(self.before)
        self.facts.queried, self.facts.reported_paid = self.daraja.queried, self.daraja.reported_paid
        errors = self.daraja.faults + broken_invariants(self.before, after, self.facts)
        self.before, self.daraja.queried = after, []
        assert not errors, "; ".join(errors)

    @property
    def now(self) -> datetime:
        return self.facts.now

    @property
    def has_closed_order(self) -> bool:
        """Return whether an order is closed, so that its items are free."""
        return any(mpesa_order.closed_at for mpesa_order in self.before.mpesa_orders.values())

    @property
    def has_unpaid_order(self) -> bool:
        """Return whether an order with a payment still awaits money."""
        return any(self.before.orders[pk].status == PENDING for pk in self.before.mpesa_orders)

    def order(self, which: int) -> Any:
        return Order.objects.get(pk=self.shop.orders[which])

    def has_mpesa_order(self, which: int) -> bool:
        return self.shop.orders[which] in self.before.mpesa_orders

    def receipt(self, which: int) -> MpesaReceipt:
        """Return one of the receipts, first those that a person must decide about."""
        known = sorted(
            MpesaReceipt.objects.all(), key=lambda receipt: (receipt.status not in NEEDS_DECISION, receipt.pk)
        )
        return known[which % len(known)]

    def checkout_id(self, payment: MpesaPayment) -> str:
        return f"ws_CO_{payment.pk:024}"

    def set_replies(self, answer: str, code_meanwhile: str | None = None, *, reply: str = "accepted") -> None:
        self.daraja.query, self.daraja.push = answer, reply
        number = code_meanwhile
        self.daraja.meanwhile = (lambda payment: self.pay(payment, number, 1500)) if number else None

    def pay(self, payment: MpesaPayment, number: str, amount: int) -> None:
        self.facts.reported[payment.pk, number].add(Decimal(amount))
        self.post(payment, success(payment, number=number, amount=amount, checkout_id=self.checkout_id(payment)))

    def post(self, payment: MpesaPayment, body: bytes) -> None:
        callback = receive_callback(body, secret=payment.secret, address=None, now=self.now)
        assert callback is not None
        if callback.verdict == Verdict.UNCONFIRMED:  # Safaricom confirms it at once
            process_callback(callback, payment, now=self.now, is_confirmed=True)
        assert callback.verdict not in {Verdict.RECEIVED, Verdict.FAILED}, callback.detail

    def reconcile_in(self, seconds: int) -> None:
        self.facts.now += timedelta(seconds=seconds)
        undone = [step for step in reconciliation.reconcile(lambda: self.now) if not step.done]
        assert self.shop_raises or not undone, undone

    @contextmanager
    def may_refuse(self, *refusals: type[Exception]) -> Iterator[None]:
        """Allow a refusal, and check that it changes nothing."""
        try:
            yield
        except refusals:
            assert RowSnapshot.take(self.before) == self.before

    def shop_code(self, **_: Any) -> None:
        if self.shop_raises:
            raise ShopBroke

    def count_order_paid(self, *, order: Any, **_: Any) -> None:
        self.facts.announced["order_paid", order.pk] += 1
