"""The life of two orders as a machine that Hypothesis drives: whatever may happen, in any order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)
from oscar.apps.order.exceptions import InvalidOrderStatus
from oscar.apps.order.signals import order_status_changed
from oscar.core.loading import get_class, get_model

from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.lifecycle import asking, receipts, reconciling, recording, releasing, starting
from oscar_mpesa.lifecycle.callbacks import receive_callback
from oscar_mpesa.lifecycle.decisions import DecisionRefused
from oscar_mpesa.lifecycle.gateway import replaced_transport
from oscar_mpesa.lifecycle.refusals import StartRefused
from oscar_mpesa.models import MpesaPayment, MpesaReceipt, Verdict
from oscar_mpesa.signals import news_due, order_paid
from tests.lifecycle.laws import CANCELLED, Facts, broken, hanging
from tests.lifecycle.network import LOST, PUSHES, UNKNOWN, Network
from tests.lifecycle.picture import Picture
from tests.shop import ANOTHER, NO_FUNDS, NOON, PAYS, failure, success
from tests.snapshots import Snapshot

Order = get_model("order", "Order")
StockRecord = get_model("partner", "StockRecord")

#: The second order is there for money that comes for one and is used for the other.
ORDERS = st.sampled_from([0, 0, 0, 1])
#: Of a push that is never sent: its process died.
DIED = "died"

PHONES = st.sampled_from([PAYS, NO_FUNDS, ANOTHER])
REPLIES = st.sampled_from(["accepted", "accepted", *PUSHES, DIED])
ANSWERS = st.sampled_from(["0", "0", "1032", "2001", "4999", "77777", UNKNOWN, LOST])
NUMBERS = st.sampled_from([f"OD{letter}0000001" for letter in "ABCD"])
AMOUNTS = st.sampled_from([1500, 1500, 1500, 1000, 1501])
OVERTAKEN_BY = st.none() | st.none() | NUMBERS
SPANS = st.sampled_from([1, 21, 61, 151, 301, 1801, 90_000])
WHICH = st.integers(0, 3)

#: Bodies that prove nothing, from a right success by what is changed in it; None: left out.
STRANGE = st.sampled_from(
    [{"number": None}, {"Amount": None}, {"cut": 9}, {"checkout_id": "ws_CO_of_somebody_else"}, {"secret": "0" * 32}]
)


class ShopBroke(Exception):
    """What a receiver of the shop's own raises."""


@dataclass(frozen=True, kw_only=True)
class Shop:
    """Where each story begins: two unpaid orders, each of the last one of its things, and a person who decides."""

    snapshot: Snapshot
    orders: tuple[int, ...]
    staff: Any


class OrderLife(RuleBasedStateMachine):
    """Each rule is something that happens; what the verbs document to refuse, they may refuse."""

    shop: ClassVar[Shop]
    payments: Bundle[int] = Bundle("payments")

    def __init__(self) -> None:
        super().__init__()
        self.shop.snapshot.restore()
        self.network, self.facts = Network(), Facts(now=NOON)
        self.shop_raises = False
        self.before = Picture.taken()
        self.ends = ExitStack()
        self.ends.enter_context(replaced_transport(self.network))
        for signal, receiver in (
            (order_status_changed, self._shop_code),
            (order_paid, self._hear_of_order),
            (news_due, self._hear_of_mail),
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
        self.network.held = {pk for pk, payment in after.payments.items() if payment.held}
        assert not found, "; ".join(found)

    # What the shopper and Safaricom do.

    @initialize(target=payments, phone=PHONES, reply=REPLIES)
    def place_the_order(self, phone: PhoneNumber, reply: str) -> int | MultipleResults[int]:
        return self.prompt(0, phone, reply, "4999", None)

    @rule(target=payments, order=ORDERS, phone=PHONES, reply=REPLIES, answer=ANSWERS, overtaken_by=OVERTAKEN_BY)
    def prompt(
        self, order: int, phone: PhoneNumber, reply: str, answer: str, overtaken_by: str | None
    ) -> int | MultipleResults[int]:
        self._expect(answer, overtaken_by, reply=reply)
        begin = starting.start if reply == DIED else starting.retry
        with suppress(StartRefused):
            return begin(self._order(order), phone=phone, now=self.now).pk
        return multiple()

    @rule(payment=payments, number=NUMBERS, amount=AMOUNTS)
    def money_comes(self, payment: int, number: str, amount: int) -> None:
        self._pay(MpesaPayment.objects.get(pk=payment), number, amount)

    @rule(payment=payments, code=st.sampled_from([1, 17, 1032, 1037, "SFC_IC0003", 31337]))
    def a_failure_comes(self, payment: int, code: int | str) -> None:
        told = MpesaPayment.objects.get(pk=payment)
        self._post(told, failure(told, code=code, checkout_id=self._checkout_id(told)))

    @rule(payment=payments, number=NUMBERS, changes=STRANGE)
    def something_strange_comes(self, payment: int, number: str, changes: dict[str, Any]) -> None:
        told = MpesaPayment.objects.get(pk=payment)
        changed = {"number": number, "checkout_id": self._checkout_id(told), **changes}
        cut, secret = changed.pop("cut", None), changed.pop("secret", told.secret)
        if told.checkout_request_id:  # before it is known, the secret alone says whose a post is
            receive_callback(success(told, **changed)[:cut], secret=secret, address=None, now=self.now)

    @rule(order=ORDERS, answer=ANSWERS)
    def the_shopper_pays_in_another_way(self, order: int, answer: str) -> None:
        self._expect(answer)
        if self._is_enrolled(order):
            with suppress(releasing.ReleaseRefused, ShopBroke):
                releasing.choose_other_method(self._order(order), now=self.now)

    @rule(order=ORDERS)
    def the_basket_gets_its_things_back(self, order: int) -> None:
        if self._is_enrolled(order):
            with self._may_refuse(releasing.NotRestorable), transaction.atomic():
                releasing.hand_back(self._order(order), now=self.now)

    @rule(order=ORDERS, bought=st.booleans())
    def somebody_else_takes_or_leaves_one(self, order: int, bought: bool) -> None:
        record = StockRecord.objects.get(line__order_id=self.shop.orders[order])
        if bought and record.net_stock_level > 0:
            record.allocate(1)
            self.facts.rivals[record.pk] += 1
        elif not bought and self.facts.rivals[record.pk]:
            record.cancel_allocation(1)
            self.facts.rivals[record.pk] -= 1

    # What the clock does.

    @rule(seconds=SPANS)
    def time_goes_by(self, seconds: int) -> None:
        self.facts.now += timedelta(seconds=seconds)

    @rule(seconds=SPANS, answer=ANSWERS, overtaken_by=OVERTAKEN_BY)
    def reconcile_after(self, seconds: int, answer: str, overtaken_by: str | None) -> None:
        self._expect(answer, overtaken_by)
        self._reconcile_after(seconds)

    @rule(answer=ANSWERS)
    def two_days_go_by(self, answer: str) -> None:
        self.shop_raises = False
        self._expect(answer)
        for seconds in (180, 2_700, 90_000, 79_200):
            self._reconcile_after(seconds)
        found = list(hanging(Picture.taken()))
        assert not found, "; ".join(found)

    @rule(payment=payments, answer=ANSWERS, overtaken_by=OVERTAKEN_BY)
    def ask(self, payment: int, answer: str, overtaken_by: str | None) -> None:
        self._expect(answer, overtaken_by)
        with self._may_refuse(asking.AskRefused):
            asking.ask(MpesaPayment.objects.get(pk=payment), now=self.now)

    # What the shop's people and its own code do.

    @rule(order=ORDERS, in_oscar=st.booleans())
    def staff_give_the_order_up(self, order: int, in_oscar: bool) -> None:
        if in_oscar:
            handler = get_class("order.processing", "EventHandler")()
            with self._may_refuse(InvalidOrderStatus, ShopBroke), transaction.atomic():
                handler.handle_order_status_change(self._order(order), CANCELLED)
        elif self._is_enrolled(order):
            with self._may_refuse(releasing.ReleaseRefused, ShopBroke):
                releasing.release(self._order(order), by=self.shop.staff, now=self.now)

    @precondition(lambda self: self.before.receipts)
    @rule(which=WHICH, order=ORDERS, accept_difference=st.booleans())
    def staff_apply(self, which: int, order: int, accept_difference: bool) -> None:
        receipt, target, by = self._receipt(which), self._order(order), self.shop.staff
        with self._may_refuse(DecisionRefused):
            receipts.apply_receipt(receipt, target, by=by, accept_difference=accept_difference, now=self.now)

    @precondition(lambda self: self.before.receipts)
    @rule(which=WHICH, returned=st.none() | AMOUNTS)
    def staff_close(self, which: int, returned: int | None) -> None:
        signed = {"by": self.shop.staff, "note": "settled elsewhere", "now": self.now}
        with self._may_refuse(DecisionRefused):
            if returned is None:
                receipts.explain_receipt(self._receipt(which), **signed)
            else:
                amount = Decimal(returned)
                receipts.record_return(self._receipt(which), amount=amount, reference="by hand", **signed)

    @rule(payment=payments, number=NUMBERS, amount=AMOUNTS, knows_attempt=st.booleans())
    def staff_record(self, payment: int, number: str, amount: int, knows_attempt: bool) -> None:
        told = MpesaPayment.objects.get(pk=payment)
        where = {"order": told.mpesa_order.order, "payment": told if knows_attempt else None}
        seen = {"by": self.shop.staff, "note": "on the statement", "now": self.now}
        with self._may_refuse(DecisionRefused):
            recording.record_receipt(number, Decimal(amount), **where, **seen)
            self.facts.typed.add(number)

    @rule(number=NUMBERS)
    def staff_record_for_the_other_order(self, number: str) -> None:
        seen = {"by": self.shop.staff, "note": "on the statement", "now": self.now}
        with self._may_refuse(DecisionRefused):
            recording.record_receipt(number, Decimal(1500), order=self._order(1), **seen)
            self.facts.typed.add(number)

    @rule(raises=st.booleans())
    def the_shops_code_is_broken_or_mended(self, raises: bool) -> None:
        self.shop_raises = raises

    @property
    def now(self) -> datetime:
        return self.facts.now

    def _order(self, which: int) -> Any:
        return Order.objects.get(pk=self.shop.orders[which])

    def _is_enrolled(self, which: int) -> bool:
        return self.shop.orders[which] in self.before.mpesa_orders

    def _receipt(self, which: int) -> MpesaReceipt:
        known = MpesaReceipt.objects.order_by("pk")
        return known[which % len(known)]

    def _checkout_id(self, payment: MpesaPayment) -> str:
        return f"ws_CO_{payment.pk:024}"

    def _expect(self, answer: str, overtaken_by: str | None = None, *, reply: str = "accepted") -> None:
        self.network.query, self.network.push = answer, reply
        number = overtaken_by
        self.network.meanwhile = (lambda payment: self._pay(payment, number, 1500)) if number else None

    def _pay(self, payment: MpesaPayment, number: str, amount: int) -> None:
        self.facts.told.setdefault(number, Decimal(amount))
        self._post(payment, success(payment, number=number, amount=amount, checkout_id=self._checkout_id(payment)))

    def _post(self, payment: MpesaPayment, body: bytes) -> None:
        callback = receive_callback(body, secret=payment.secret, address=None, now=self.now)
        assert callback is not None
        assert callback.verdict not in {Verdict.RECEIVED, Verdict.FAILED}, callback.reason

    def _reconcile_after(self, seconds: int) -> None:
        self.facts.now += timedelta(seconds=seconds)
        undone = [step for step in reconciling.reconcile(lambda: self.now) if not step.done]
        assert self.shop_raises or not undone, undone

    @contextmanager
    def _may_refuse(self, *refusals: type[Exception]) -> Iterator[None]:
        """A refusal is lawful, and changes nothing."""
        try:
            yield
        except refusals:
            assert Picture.taken(self.before) == self.before

    def _shop_code(self, **_: Any) -> None:
        if self.shop_raises:
            raise ShopBroke

    def _hear_of_order(self, *, order: Any, **_: Any) -> None:
        self.facts.announced["order_paid", order.pk] += 1

    def _hear_of_mail(self, *, due: Any, **_: Any) -> None:
        self.facts.announced[due.about, due.mpesa_order_id] += 1
