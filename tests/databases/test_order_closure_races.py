"""Release, late money and people's decisions at the same moment: one of them wins, and the end is right (M6 to M11)."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from oscar.core.loading import get_model
from oscar.test import factories

from oscar_mpesa.models import Allocation, MpesaApiCall, MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.oscar_adapter.basket_restore import restore_basket
from oscar_mpesa.services.callbacks import retry_callback, unprocessed_callbacks
from oscar_mpesa.services.claims import record_receipt
from oscar_mpesa.services.exceptions import DecisionRefused
from oscar_mpesa.services.order_closure import CloseRefused, NotRestorable, close_expired_order, close_order
from oscar_mpesa.services.receipt_decisions import allocate_receipt, record_refund
from oscar_mpesa.services.status_query import refresh_payment
from tests.databases.crowd import BusyDaraja, at_once, new_payment
from tests.shop import new_clerk, post, success

pytestmark = [pytest.mark.databases, pytest.mark.django_db(transaction=True)]

ROUNDS = range(20)
FEW_ROUNDS = range(5)

Source = get_model("payment", "Source")


@pytest.fixture(autouse=True)
def _quick(daraja: BusyDaraja) -> None:
    daraja.seconds = 0


def number_of(payment: MpesaPayment) -> str:
    return f"SK{payment.pk:08}"


def body_of(payment: MpesaPayment) -> bytes:
    return success(payment, number=number_of(payment))


def a_new_minute() -> None:
    """There is room for four questions in each, and they are counted from these rows."""
    MpesaApiCall.objects.all().delete()


def overdue_payment(now: datetime) -> MpesaPayment:
    """An attempt that had no answer, of an order whose time is over at ``now``."""
    a_new_minute()
    push_sent_at = now - timedelta(minutes=31)
    payment = new_payment(now=push_sent_at)
    refresh_payment(payment, now=push_sent_at + timedelta(seconds=151))
    payment.refresh_from_db()
    assert payment.status == "expired"
    return payment


def after(seconds: float, job: Callable[[], object]) -> object:
    """Do a job so long after the others began: each round a little later, so that now one wins and now the other."""
    time.sleep(seconds)
    return job()


def refusable(job: Callable[[], object]) -> str:
    """Do what may come too late; say why it did, empty if it did not."""
    try:
        job()
    except (DecisionRefused, NotRestorable, CloseRefused) as refusal:
        return type(refusal).__name__
    return ""


def assert_paid_once(payment: MpesaPayment) -> None:
    """One receipt, one debit, one mail; the order stands and has its things."""
    payment.refresh_from_db()
    mpesa_order = MpesaOrder.objects.select_related("order").get(pk=payment.order_id)
    order = mpesa_order.order
    receipt = MpesaReceipt.objects.get(payment=payment)
    assert (payment.status, order.status, mpesa_order.is_closed) == ("completed", "Being processed", False)
    assert (receipt.number, receipt.allocation) == (number_of(payment), Allocation.APPLIED)
    source = order.sources.get()
    assert (source.amount_debited, source.reference) == (Decimal("1500.00"), receipt.number)
    assert source.transactions.get().amount == order.payment_events.get().amount == Decimal("1500.00")
    assert mpesa_order.events.filter(type="payment_settled", params__after="completed").count() == 1
    assert [letter.subject for letter in mail.outbox].count(f"Confirmation of order {order.number}") == 1
    assert held_by(order) == 1


def assert_kept_for_a_person(payment: MpesaPayment) -> None:
    """One receipt that no order took, no debit; the order is closed and its things are given back."""
    payment.refresh_from_db()
    mpesa_order = MpesaOrder.objects.select_related("order").get(pk=payment.order_id)
    receipt = MpesaReceipt.objects.get(payment=payment)
    assert (payment.status, mpesa_order.is_closed) == ("completed", True)
    assert (receipt.number, receipt.allocation, receipt.error) == (number_of(payment), Allocation.UNALLOCATED, "")
    assert not mpesa_order.order.sources.exists() and not mpesa_order.order.payment_events.exists()
    assert mpesa_order.events.filter(type="payment_settled", params__after="completed").count() == 1
    assert mpesa_order.outbox_messages.filter(kind="receipt_unmatched").count() == 1
    assert held_by(mpesa_order.order) == 0


def held_by(order: Any) -> int:
    """What the order's lines and the shop's stock agree on."""
    line = order.lines.get()
    assert line.num_allocated == line.stockrecord.num_allocated
    return int(line.num_allocated)


def test_the_clock_against_late_money_ends_with_a_paid_order_whoever_was_first(daraja: BusyDaraja) -> None:
    now = timezone.now()

    for index in ROUNDS:
        payment = overdue_payment(now)
        late = partial(post, payment, body_of(payment), now=now)
        at_once([partial(close_expired_order, payment.mpesa_order, now=now), partial(after, index / 200, late)])
        mpesa_order = MpesaOrder.objects.get(pk=payment.order_id)
        released, reinstated = (
            mpesa_order.events.filter(type=kind).count() for kind in ("order_closed", "order_reopened")
        )
        assert released == reinstated <= 1
        assert_paid_once(payment)


def test_the_basket_against_late_money_gets_the_things_or_the_order_does(daraja: BusyDaraja) -> None:
    now = timezone.now()

    for index in ROUNDS:
        payment = overdue_payment(now)
        close_expired_order(payment.mpesa_order, now=now)
        mpesa_order = MpesaOrder.objects.get(pk=payment.order_id)
        basket = factories.create_basket(empty=True)
        wanted = partial(refusable, partial(restore_basket, mpesa_order, basket, user=None, now=now))
        late = partial(post, payment, body_of(payment), now=now)
        _, refusal = at_once([late, partial(after, index / 400, wanted)])
        assert basket.num_lines == (not refusal)
        if refusal:
            assert_paid_once(payment)
        else:
            assert_kept_for_a_person(payment)


def callbacks(payment: MpesaPayment) -> list[Callable[[], object]]:
    """The same callback, twenty times over HTTP."""
    path, body = reverse("oscar_mpesa:hook", args=[payment.secret]), body_of(payment)
    return [lambda: Client().generic("POST", path, body)] * 20


def test_twenty_callbacks_a_question_and_a_release_by_staff_are_one_debit_or_none(daraja: BusyDaraja) -> None:
    daraja.result_code = "0"
    clerk = new_clerk("close_order")

    for index in FEW_ROUNDS:
        now = timezone.now()
        a_new_minute()
        payment = new_payment(now=now - timedelta(seconds=21))
        staff = partial(refusable, partial(close_order, payment.mpesa_order.order, by=clerk, now=now))
        refusal, *_ = at_once(
            [partial(after, index / 50, staff), partial(refresh_payment, payment, now=now), *callbacks(payment)]
        )
        assert_paid_once(payment) if refusal else assert_kept_for_a_person(payment)


def test_twenty_callbacks_a_question_and_the_code_typed_by_staff_are_one_debit(daraja: BusyDaraja) -> None:
    daraja.result_code = "0"
    clerk = new_clerk("record_receipt")

    for index in FEW_ROUNDS:
        now = timezone.now()
        a_new_minute()
        payment = new_payment(now=now - timedelta(seconds=21))
        typed = partial(record_receipt, number_of(payment), Decimal(1500), by=clerk, note="seen in the portal", now=now)
        staff = partial(refusable, partial(typed, order=payment.mpesa_order.order))
        refusal, *_ = at_once(
            [partial(after, index / 50, staff), partial(refresh_payment, payment, now=now), *callbacks(payment)]
        )
        assert refusal in {"", "ReceiptKnown"}
        assert_paid_once(payment)


def test_two_clerks_use_the_same_money_while_safaricom_repeats_itself_and_one_of_them_does(daraja: BusyDaraja) -> None:
    clerk = new_clerk("close_order", "apply_receipt")

    for _ in FEW_ROUNDS:
        now = timezone.now()
        payment = new_payment(now=now)
        close_order(payment.mpesa_order.order, by=clerk, now=now)
        post(payment, body_of(payment), now=now)
        receipt = MpesaReceipt.objects.get(payment=payment)
        use = partial(refusable, partial(allocate_receipt, receipt, payment.mpesa_order.order, by=clerk, now=now))
        first, second, *_ = at_once([use, use, *callbacks(payment)])
        assert sorted([first, second]) == ["", "NoDecisionNeeded"]
        assert_paid_once(payment)


def test_what_a_clerk_decides_about_a_mistyped_code_is_not_undone_by_safaricom_s_word(daraja: BusyDaraja) -> None:
    now = timezone.now()
    a_while_later = now + timedelta(minutes=5)
    clerk = new_clerk("record_receipt", "record_return")

    for index in ROUNDS:
        mistaken, payment = overdue_payment(now), overdue_payment(now)
        order, number = mistaken.mpesa_order.order, number_of(payment)
        typed = record_receipt(number, Decimal(1500), order=order, by=clerk, note="portal", now=now)
        returned = {"amount": Decimal(1500), "reference": f"SKN7AAA1{index:02}", "by": clerk, "now": now}
        give_back = partial(record_refund, typed, **returned)
        told = partial(post, payment, body_of(payment), now=now)
        at_once([partial(after, index / 500, give_back), told])
        finished = [retry_callback(callback, now=a_while_later) for callback in unprocessed_callbacks(a_while_later)]
        typed.refresh_from_db()
        assert all(finished)
        assert typed.allocation == Allocation.RETURNED
        assert MpesaReceipt.objects.filter(number=number).count() == 1
