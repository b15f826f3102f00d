"""The stage of a made-up story: a shop with two orders, Safaricom, and a look at every law after each step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from hypothesis.stateful import RuleBasedStateMachine, invariant
from oscar.apps.order.signals import order_status_changed
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaOutboxMessage, MpesaPayment, MpesaReceipt, Verdict
from oscar_mpesa.models.receipts import NEEDS_DECISION
from oscar_mpesa.oscar_adapter.adapter import OscarAdapter
from oscar_mpesa.services import reconciliation
from oscar_mpesa.services.callbacks import receive_callback
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.services.ports import replaced_adapter
from oscar_mpesa.signals import order_paid
from tests.services.state_machine.daraja_side import Network
from tests.services.state_machine.invariants import PENDING, Facts, broken
from tests.services.state_machine.snapshot import Picture
from tests.shop import NOON, success
from tests.snapshots import Snapshot

Order = get_model("order", "Order")


class ShopBroke(Exception):
    """What a receiver of the shop's own raises."""


@dataclass(frozen=True, kw_only=True)
class Shop:
    """Where each story begins: two unpaid orders, each of the last one of its things, and a person who decides."""

    snapshot: Snapshot
    orders: tuple[int, ...]
    staff: Any


class CountingAdapter(OscarAdapter):
    """Counts the emails of a story instead of sending them."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts

    def send_email(self, message: MpesaOutboxMessage) -> None:
        self.facts.announced[message.key, message.mpesa_order_id] += 1


class Story(RuleBasedStateMachine):
    """What the rules of a story stand on; it has none of its own."""

    shop: ClassVar[Shop]

    def __init__(self) -> None:
        super().__init__()
        self.shop.snapshot.restore()
        self.network, self.facts = Network(), Facts(now=NOON)
        self.shop_raises = False
        self.before = Picture.taken()
        self.ends = ExitStack()
        self.ends.enter_context(replaced_transport(self.network))
        self.ends.enter_context(replaced_adapter(CountingAdapter(self.facts)))
        for signal, receiver in (
            (order_status_changed, self.shop_code),
            (order_paid, self.hear_of_order),
        ):
            signal.connect(receiver)
            self.ends.callback(signal.disconnect, receiver)

    def teardown(self) -> None:
        self.ends.close()

    @invariant()
    def every_law_holds(self) -> None:
        after = Picture.taken(self.before)
        self.facts.asked, self.facts.said_paid = self.network.asked, self.network.said_paid
        found = self.network.faults + broken(self.before, after, self.facts)
        self.before, self.network.asked = after, []
        self.network.on_hold = {pk for pk, payment in after.payments.items() if payment.on_hold}
        assert not found, "; ".join(found)

    @property
    def now(self) -> datetime:
        return self.facts.now

    @property
    def has_released(self) -> bool:
        """An order was given up, so that there is something to have."""
        return any(mpesa_order.closed_at for mpesa_order in self.before.mpesa_orders.values())

    @property
    def has_waiting(self) -> bool:
        """An attempt was made for an order that wants its money still."""
        return any(self.before.orders[pk].status == PENDING for pk in self.before.mpesa_orders)

    def order(self, which: int) -> Any:
        return Order.objects.get(pk=self.shop.orders[which])

    def is_enrolled(self, which: int) -> bool:
        return self.shop.orders[which] in self.before.mpesa_orders

    def receipt(self, which: int) -> MpesaReceipt:
        """One of the receipts that are known, those that a person has to look at first."""
        known = sorted(
            MpesaReceipt.objects.all(), key=lambda receipt: (receipt.allocation not in NEEDS_DECISION, receipt.pk)
        )
        return known[which % len(known)]

    def checkout_id(self, payment: MpesaPayment) -> str:
        return f"ws_CO_{payment.pk:024}"

    def expect(self, answer: str, overtaken_by: str | None = None, *, reply: str = "accepted") -> None:
        self.network.query, self.network.push = answer, reply
        number = overtaken_by
        self.network.meanwhile = (lambda payment: self.pay(payment, number, 1500)) if number else None

    def pay(self, payment: MpesaPayment, number: str, amount: int) -> None:
        self.facts.told.setdefault(number, Decimal(amount))
        self.post(payment, success(payment, number=number, amount=amount, checkout_id=self.checkout_id(payment)))

    def post(self, payment: MpesaPayment, body: bytes) -> None:
        callback = receive_callback(body, secret=payment.secret, address=None, now=self.now)
        assert callback is not None
        assert callback.verdict not in {Verdict.RECEIVED, Verdict.FAILED}, callback.detail

    def reconcile_in(self, seconds: int) -> None:
        self.facts.now += timedelta(seconds=seconds)
        undone = [step for step in reconciliation.reconcile(lambda: self.now) if not step.done]
        assert self.shop_raises or not undone, undone

    @contextmanager
    def may_refuse(self, *refusals: type[Exception]) -> Iterator[None]:
        """A refusal is lawful, and changes nothing."""
        try:
            yield
        except refusals:
            assert Picture.taken(self.before) == self.before

    def shop_code(self, **_: Any) -> None:
        if self.shop_raises:
            raise ShopBroke

    def hear_of_order(self, *, order: Any, **_: Any) -> None:
        self.facts.announced["order_paid", order.pk] += 1
