"""The life of two orders as a machine that Hypothesis drives: whatever may happen, in any order."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import Any

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, initialize, multiple, precondition, rule
from oscar.apps.order.exceptions import InvalidOrderStatus
from oscar.core.loading import get_class, get_model

from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.services import claims, order_closure, payments, receipt_decisions, status_query
from oscar_mpesa.services.callbacks import receive_callback
from oscar_mpesa.services.exceptions import DecisionRefused, StartRefused
from tests.services.state_machine.daraja_side import LOST, PUSHES, UNKNOWN
from tests.services.state_machine.invariants import CANCELLED, hanging
from tests.services.state_machine.machine import ShopBroke, Story
from tests.services.state_machine.snapshot import Picture
from tests.shop import ANOTHER, NO_FUNDS, PAYS, failure, success

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
#: Where a story begins, that the rest of it may go further.
BEGINNINGS = st.sampled_from(
    ["prompted", "prompted", "failed", "overdue", "paid", "astray", "late and astray", "unbooked"]
)

SPANS = st.sampled_from([0, 21, 61, 151, 301, 1801, 4000, 90_000])
WHICH = st.integers(0, 3)

#: Bodies that prove nothing, from a right success by what is changed in it; None: left out.
STRANGE = st.sampled_from(
    [{"number": None}, {"Amount": None}, {"cut": 9}, {"checkout_id": "ws_CO_of_somebody_else"}, {"secret": "0" * 32}]
)


class OrderLife(Story):
    """Each rule is something that happens; what the verbs document to refuse, they may refuse."""

    payments: Bundle[int] = Bundle("payments")

    # What the shopper and Safaricom do.

    @initialize(target=payments, phone=PHONES, reply=REPLIES, beginning=BEGINNINGS)
    def place_the_order(self, phone: PhoneNumber, reply: str, beginning: str) -> int | MultipleResults[int]:
        payment = self.prompt(0, phone, reply, "4999", None)
        assert isinstance(payment, int)
        if beginning == "overdue":
            self.reconcile_in(180)
            self.reconcile_in(90_000)
        if beginning in {"failed", "late and astray"}:
            self.a_failure_comes(payment, 1032)
        if beginning not in {"prompted", "failed", "overdue"}:
            self.shop_raises = beginning == "unbooked"
            self.money_comes(payment, "ODA0000001", 1000 if "astray" in beginning else 1500)
        return payment

    @rule(target=payments, order=ORDERS, phone=PHONES, reply=REPLIES, answer=ANSWERS, overtaken_by=OVERTAKEN_BY)
    def prompt(
        self, order: int, phone: PhoneNumber, reply: str, answer: str, overtaken_by: str | None
    ) -> int | MultipleResults[int]:
        self.expect(answer, overtaken_by, reply=reply)
        begin = payments.start_payment if reply == DIED else payments.retry_payment
        with suppress(StartRefused):
            return begin(self.order(order), phone=phone, now=self.now).pk
        return multiple()

    @rule(payment=payments, number=NUMBERS, amount=AMOUNTS)
    def money_comes(self, payment: int, number: str, amount: int) -> None:
        self.pay(MpesaPayment.objects.get(pk=payment), number, amount)

    @rule(payment=payments, code=st.sampled_from([1, 17, 1032, 1037, "SFC_IC0003", 31337]))
    def a_failure_comes(self, payment: int, code: int | str) -> None:
        told = MpesaPayment.objects.get(pk=payment)
        self.post(told, failure(told, code=code, checkout_id=self.checkout_id(told)))

    @rule(payment=payments, number=NUMBERS, changes=STRANGE)
    def something_strange_comes(self, payment: int, number: str, changes: dict[str, Any]) -> None:
        told = MpesaPayment.objects.get(pk=payment)
        changed = {"number": number, "checkout_id": self.checkout_id(told), **changes}
        cut, secret = changed.pop("cut", None), changed.pop("secret", told.secret)
        if told.checkout_request_id:  # before it is known, the secret alone says whose a post is
            receive_callback(success(told, **changed)[:cut], secret=secret, address=None, now=self.now)

    @precondition(lambda self: self.has_waiting)
    @rule(order=ORDERS, answer=ANSWERS)
    def the_shopper_pays_in_another_way(self, order: int, answer: str) -> None:
        self.expect(answer)
        if self.is_enrolled(order):
            with suppress(order_closure.CloseRefused, ShopBroke):
                order_closure.close_for_other_method(self.order(order), now=self.now)

    @precondition(lambda self: self.has_released)
    @rule(order=ORDERS)
    def the_basket_gets_its_things_back(self, order: int) -> None:
        if self.is_enrolled(order):
            with self.may_refuse(order_closure.NotRestorable), transaction.atomic():
                order_closure.mark_basket_restored(self.order(order), now=self.now)

    @precondition(lambda self: self.has_released)
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

    @rule(seconds=SPANS, answer=ANSWERS, overtaken_by=OVERTAKEN_BY)
    def reconcile_after(self, seconds: int, answer: str, overtaken_by: str | None) -> None:
        self.expect(answer, overtaken_by)
        self.reconcile_in(seconds)

    @rule(answer=ANSWERS)
    def two_days_go_by(self, answer: str) -> None:
        self.shop_raises = False
        self.expect(answer)
        for seconds in (180, 2_700, 90_000, 79_200):
            self.reconcile_in(seconds)
        found = list(hanging(Picture.taken()))
        assert not found, "; ".join(found)

    @rule(payment=payments, answer=ANSWERS, overtaken_by=OVERTAKEN_BY)
    def ask(self, payment: int, answer: str, overtaken_by: str | None) -> None:
        self.expect(answer, overtaken_by)
        with self.may_refuse(status_query.QueryRefused):
            status_query.query_status(MpesaPayment.objects.get(pk=payment), now=self.now)

    # What the shop's people and its own code do.

    @rule(order=ORDERS, in_oscar=st.booleans())
    def staff_give_the_order_up(self, order: int, in_oscar: bool) -> None:
        if in_oscar:
            handler = get_class("order.processing", "EventHandler")()
            with self.may_refuse(InvalidOrderStatus, ShopBroke), transaction.atomic():
                handler.handle_order_status_change(self.order(order), CANCELLED)
        elif self.is_enrolled(order):
            with self.may_refuse(order_closure.CloseRefused, ShopBroke):
                order_closure.close_order(self.order(order), by=self.shop.staff, now=self.now)

    @precondition(lambda self: self.before.receipts)
    @rule(which=WHICH, order=ORDERS, accept_difference=st.booleans())
    def staff_apply(self, which: int, order: int, accept_difference: bool) -> None:
        receipt, target, by = self.receipt(which), self.order(order), self.shop.staff
        with self.may_refuse(DecisionRefused):
            receipt_decisions.allocate_receipt(
                receipt, target, by=by, accept_difference=accept_difference, now=self.now
            )

    @precondition(lambda self: self.before.receipts)
    @rule(which=WHICH, returned=st.none() | AMOUNTS)
    def staff_close(self, which: int, returned: int | None) -> None:
        signed = {"by": self.shop.staff, "note": "settled elsewhere", "now": self.now}
        with self.may_refuse(DecisionRefused):
            if returned is None:
                receipt_decisions.resolve_receipt(self.receipt(which), **signed)
            else:
                amount = Decimal(returned)
                receipt_decisions.record_refund(self.receipt(which), amount=amount, reference="by hand", **signed)

    @rule(payment=payments, number=NUMBERS, amount=AMOUNTS, place=st.sampled_from(["attempt", "order", "other order"]))
    def staff_record(self, payment: int, number: str, amount: int, place: str) -> None:
        told = MpesaPayment.objects.get(pk=payment)
        order = self.order(1) if place == "other order" else told.mpesa_order.order
        where = {"order": order, "payment": told if place == "attempt" else None}
        seen = {"by": self.shop.staff, "note": "on the statement", "now": self.now}
        with self.may_refuse(DecisionRefused):
            claims.record_receipt(number, Decimal(amount), **where, **seen)
            self.facts.typed.add(number)

    @rule(raises=st.booleans())
    def the_shops_code_is_broken_or_mended(self, raises: bool) -> None:
        self.shop_raises = raises
