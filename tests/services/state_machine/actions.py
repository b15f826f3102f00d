"""The actions that Hypothesis may take on two orders, in any order."""

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
from oscar_mpesa.models import MpesaAllocation, MpesaPayment
from oscar_mpesa.services import allocation, claims, order_closure, payments, refunds, status_query
from oscar_mpesa.services.callbacks import receive_callback
from oscar_mpesa.services.exceptions import DecisionRefused, StartRefused
from tests.commit_hooks import commit_hooks
from tests.services.state_machine.fake_daraja import LOST, PUSHES, UNKNOWN
from tests.services.state_machine.invariants import CANCELLED, unfinished
from tests.services.state_machine.machine import OrderMachine, ShopBroke
from tests.services.state_machine.snapshot import RowSnapshot
from tests.shop import ANOTHER, NO_FUNDS, OWNER, PAYS, failure, success

StockRecord = get_model("partner", "StockRecord")

#: The second order takes money that came for the first.
ORDERS = st.sampled_from([0, 0, 0, 1])
#: The process that would send the push died.
DIED = "died"

PHONES = st.sampled_from([PAYS, NO_FUNDS, ANOTHER])
REPLIES = st.sampled_from(["accepted", "accepted", *PUSHES, DIED])
ANSWERS = st.sampled_from(["0", "0", "1032", "2001", "4999", "77777", UNKNOWN, LOST])
NUMBERS = st.sampled_from([f"OD{letter}0000001" for letter in "ABCD"])
AMOUNTS = st.sampled_from([1500, 1500, 1500, 1000, 1501])
CODES_MEANWHILE = st.none() | st.none() | NUMBERS
#: The state in which a history begins, so that the rest of it reaches further.
START_STATES = st.sampled_from(
    ["prompted", "prompted", "failed", "overdue", "paid", "mismatch", "late mismatch", "unbooked"]
)

SPANS = st.sampled_from([0, 21, 61, 151, 301, 1801, 4000, 90_000])
WHICH = st.integers(0, 3)

#: Changes to a success callback that make it prove nothing; None leaves the item out.
UNPROVEN = st.sampled_from(
    [{"number": None}, {"Amount": None}, {"cut": 9}, {"checkout_id": "ws_CO_of_somebody_else"}, {"secret": "0" * 32}]
)


class OrderActions(OrderMachine):
    """Each rule is one action; it may be refused where the service documents a refusal."""

    payments: Bundle[int] = Bundle("payments")

    # Shopper and Safaricom

    @initialize(target=payments, phone=PHONES, reply=REPLIES, start_state=START_STATES)
    def place_order(self, phone: PhoneNumber, reply: str, start_state: str) -> int | MultipleResults[int]:
        payment = self.prompt(0, phone, reply, "4999", None)
        assert isinstance(payment, int)
        if start_state == "overdue":
            self.reconcile_in(180)
            self.reconcile_in(90_000)
        if start_state in {"failed", "late mismatch"}:
            self.receive_failure(payment, 1032)
        if start_state not in {"prompted", "failed", "overdue"}:
            self.shop_raises = start_state == "unbooked"
            self.receive_money(payment, "ODA0000001", 1000 if "mismatch" in start_state else 1500)
        return payment

    @rule(target=payments, order=ORDERS, phone=PHONES, reply=REPLIES, answer=ANSWERS, code_meanwhile=CODES_MEANWHILE)
    def prompt(
        self, order: int, phone: PhoneNumber, reply: str, answer: str, code_meanwhile: str | None
    ) -> int | MultipleResults[int]:
        self.set_replies(answer, code_meanwhile, reply=reply)
        begin = payments.start_payment if reply == DIED else payments.retry_payment
        with suppress(StartRefused):
            return begin(self.order(order), phone=phone, now=self.now).pk
        return multiple()

    @rule(payment=payments, number=NUMBERS, amount=AMOUNTS)
    def receive_money(self, payment: int, number: str, amount: int) -> None:
        self.pay(MpesaPayment.objects.get(pk=payment), number, amount)

    @rule(payment=payments, code=st.sampled_from([1, 17, 1032, 1037, "SFC_IC0003", 31337]))
    def receive_failure(self, payment: int, code: int | str) -> None:
        row = MpesaPayment.objects.get(pk=payment)
        self.post(row, failure(row, code=code, checkout_id=self.checkout_id(row)))

    @rule(payment=payments, number=NUMBERS, changes=UNPROVEN)
    def receive_unproven_callback(self, payment: int, number: str, changes: dict[str, Any]) -> None:
        row = MpesaPayment.objects.get(pk=payment)
        changed = {"number": number, "checkout_id": self.checkout_id(row), **changes}
        cut, secret = changed.pop("cut", None), changed.pop("secret", row.secret)
        if row.checkout_request_id:  # without a known id, the secret alone identifies the payment
            receive_callback(success(row, **changed)[:cut], secret=secret, address=None, now=self.now)

    @precondition(lambda self: self.has_unpaid_order)
    @rule(order=ORDERS, answer=ANSWERS)
    def choose_other_method(self, order: int, answer: str) -> None:
        self.set_replies(answer)
        if self.has_mpesa_order(order):
            with suppress(order_closure.CloseRefused, ShopBroke):
                order_closure.close_for_other_method(self.order(order), actor=OWNER, now=self.now)

    @precondition(lambda self: self.has_closed_order)
    @rule(order=ORDERS)
    def restore_basket(self, order: int) -> None:
        if self.has_mpesa_order(order):
            with self.may_refuse(order_closure.NotRestorable), transaction.atomic():
                order_closure.mark_basket_restored(self.order(order), actor=OWNER, now=self.now)

    @precondition(lambda self: self.has_closed_order)
    @rule(order=ORDERS, bought=st.booleans())
    def allocate_stock_elsewhere(self, order: int, bought: bool) -> None:
        record = StockRecord.objects.get(line__order_id=self.shop.orders[order])
        if bought and record.net_stock_level > 0:
            record.allocate(1)
            self.facts.allocated_elsewhere[record.pk] += 1
        elif not bought and self.facts.allocated_elsewhere[record.pk]:
            record.cancel_allocation(1)
            self.facts.allocated_elsewhere[record.pk] -= 1

    # Clock

    @rule(seconds=SPANS, answer=ANSWERS, code_meanwhile=CODES_MEANWHILE)
    def reconcile_after(self, seconds: int, answer: str, code_meanwhile: str | None) -> None:
        self.set_replies(answer, code_meanwhile)
        self.reconcile_in(seconds)

    @rule(answer=ANSWERS)
    def pass_two_days(self, answer: str) -> None:
        self.shop_raises = False
        self.set_replies(answer)
        for seconds in (180, 2_700, 90_000, 79_200):
            self.reconcile_in(seconds)
        errors = list(unfinished(RowSnapshot.take()))
        assert not errors, "; ".join(errors)

    @rule(payment=payments, answer=ANSWERS, code_meanwhile=CODES_MEANWHILE)
    def query(self, payment: int, answer: str, code_meanwhile: str | None) -> None:
        self.set_replies(answer, code_meanwhile)
        status_query.query_status(MpesaPayment.objects.get(pk=payment), now=self.now)

    # Staff and the shop's own code

    @rule(order=ORDERS, in_oscar=st.booleans())
    def staff_close_order(self, order: int, in_oscar: bool) -> None:
        if in_oscar:
            handler = get_class("order.processing", "EventHandler")()
            with self.may_refuse(InvalidOrderStatus, ShopBroke), commit_hooks(), transaction.atomic():
                handler.handle_order_status_change(self.order(order), CANCELLED)
        elif self.has_mpesa_order(order):
            with self.may_refuse(order_closure.CloseRefused, ShopBroke):
                order_closure.close_order(self.order(order), by=self.shop.staff, now=self.now)

    @precondition(lambda self: self.before.receipts)
    @rule(which=WHICH, order=ORDERS)
    def staff_match_receipt(self, which: int, order: int) -> None:
        with self.may_refuse(DecisionRefused):
            allocation.allocate(self.receipt(which), self.order(order), by=self.shop.staff, now=self.now)

    @precondition(lambda self: self.before.receipts)
    @rule(which=WHICH)
    def staff_unmatch_receipt(self, which: int) -> None:
        entry = MpesaAllocation.objects.filter(receipt=self.receipt(which)).last()
        if entry is not None:
            with self.may_refuse(DecisionRefused):
                allocation.reverse_allocation(entry, by=self.shop.staff, note="another order's", now=self.now)

    @precondition(lambda self: self.before.receipts)
    @rule(which=WHICH, refunded=st.none() | AMOUNTS)
    def staff_settle_receipt(self, which: int, refunded: int | None) -> None:
        signed = {"by": self.shop.staff, "note": "settled elsewhere", "now": self.now}
        with self.may_refuse(DecisionRefused):
            if refunded is None:
                allocation.resolve_receipt(self.receipt(which), **signed)
            else:
                refunds.record_refund(self.receipt(which), amount=Decimal(refunded), code="by hand", **signed)

    @rule(order=ORDERS, number=NUMBERS, amount=AMOUNTS)
    def staff_record_code(self, order: int, number: str, amount: int) -> None:
        seen = {"by": self.shop.staff, "note": "on the statement", "now": self.now}
        with self.may_refuse(DecisionRefused):
            claims.record_claim(number, Decimal(amount), order=self.order(order), **seen)

    @rule(raises=st.booleans())
    def break_or_mend_shop_code(self, raises: bool) -> None:
        self.shop_raises = raises
