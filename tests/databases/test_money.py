"""Updates of one payment that arrive at once count once, and no money is lost (M6 to M10)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_mpesa.models import (
    MpesaApiCall,
    MpesaCallback,
    MpesaEvent,
    MpesaOutboxMessage,
    MpesaPayment,
    MpesaReceipt,
    Verdict,
)
from oscar_mpesa.services.callbacks import process_callback
from oscar_mpesa.services.status_query import query_status, refresh_payment
from oscar_mpesa.services.stk_push import send_stk_push
from oscar_mpesa.signals import order_paid
from oscar_mpesa.testing import deliver_due
from tests.databases.books import assert_paid_once, assert_sums_agree
from tests.databases.threads import BusyDaraja, at_once, new_payment
from tests.shop import failure, later, new_order, post, success

pytestmark = [pytest.mark.databases, pytest.mark.django_db(transaction=True)]

ROUNDS = range(10)

PaymentEvent = get_model("order", "PaymentEvent")
Source = get_model("payment", "Source")
Transaction = get_model("payment", "Transaction")


@pytest.fixture
def announced() -> Iterator[list[Any]]:
    """Collect the numbers of the orders that ``order_paid`` announces."""
    orders: list[Any] = []

    def note(*, order: Any, **_: Any) -> None:
        orders.append(order.number)

    order_paid.connect(note)
    yield orders
    order_paid.disconnect(note)


def test_twenty_equal_callbacks_at_once_pay_once(announced: list[Any]) -> None:
    payment = new_payment(now=timezone.now())
    body, path = success(payment), f"/api/payments/hooks/{payment.secret}/"

    answers = at_once([lambda: Client().generic("POST", path, body) for _ in range(20)])

    verdicts = sorted(MpesaCallback.objects.values_list("verdict", flat=True))
    assert {answer.status_code for answer in answers} == {200}
    assert verdicts == [Verdict.APPLIED.value] + [Verdict.DUPLICATE.value] * 19
    assert_paid_once(payment, number="OD123ABC45")
    assert Source.objects.count() == Transaction.objects.count() == PaymentEvent.objects.count() == 1
    assert announced == [payment.mpesa_order.order.number]
    assert len(mail.outbox) == 1
    assert MpesaEvent.objects.filter(type="payment_settled").count() == 1
    assert not MpesaOutboxMessage.objects.filter(delivered_at=None).exists()


def test_twenty_equal_failures_at_once_end_the_payment_once() -> None:
    payment = new_payment()
    body = failure(payment)

    at_once([partial(post, payment, body)] * 20)

    verdicts = sorted(MpesaCallback.objects.values_list("verdict", flat=True))
    assert verdicts == [Verdict.APPLIED.value] + [Verdict.DUPLICATE.value] * 19
    assert MpesaOutboxMessage.objects.filter(kind="payment_failed").count() == 1


def test_callback_and_query_at_once_make_one_debit_with_a_number(daraja: BusyDaraja, announced: list[Any]) -> None:
    daraja.seconds, daraja.result_code = 0, "0"

    for index in ROUNDS:
        payment = new_payment()
        number = f"SKN{index:07}"
        body = success(payment, number=number)
        at_once([partial(post, payment, body), partial(query_status, payment, now=later(30))])
        assert_paid_once(payment, number=number)
        MpesaApiCall.objects.all().delete()

    assert len(announced) == len(mail.outbox) == len(ROUNDS)
    assert not MpesaCallback.objects.exclude(verdict=Verdict.APPLIED).exists()


def test_workers_that_query_one_payment_at_once_make_one_call(daraja: BusyDaraja) -> None:
    daraja.seconds, daraja.result_code = 0, "4999"

    for _ in ROUNDS:
        payment = new_payment()
        at_once([partial(refresh_payment, payment, now=later(21))] * 3)
        assert MpesaApiCall.objects.filter(endpoint="query").count() == 1
        MpesaApiCall.objects.all().delete()


@pytest.mark.parametrize("is_known", [True, False], ids=["its id known", "its reply lost"])
def test_money_that_arrives_as_the_payment_expires_pays(daraja: BusyDaraja, is_known: bool) -> None:
    daraja.seconds = 0

    for index in ROUNDS:
        payment = new_payment()
        body = success(payment, number=f"SKN{index:07}")
        if not is_known:
            MpesaPayment.objects.filter(pk=payment.pk).update(checkout_request_id=None, merchant_request_id="")
            payment.refresh_from_db()
        at_once([partial(post, payment, body), partial(refresh_payment, payment, now=later(151))])
        assert_paid_once(payment, number=f"SKN{index:07}")
        steps = list(payment.events.filter(type="payment_settled").values_list("params__before", "params__after"))
        assert steps in (
            [("processing", "completed")],
            [("processing", "expired"), ("expired", "completed")],
        )
        MpesaApiCall.objects.all().delete()


def test_success_and_failure_at_once_pay(daraja: BusyDaraja) -> None:
    daraja.seconds = 0

    for index in ROUNDS:
        payment = new_payment()
        bodies = [success(payment, number=f"SKN{index:07}"), failure(payment)]
        at_once([partial(post, payment, body) for body in bodies])
        assert_paid_once(payment, number=f"SKN{index:07}")


def test_two_receipts_of_one_order_at_once_are_matched_and_overpaid(daraja: BusyDaraja) -> None:
    daraja.seconds = 0

    for index in ROUNDS:
        order = new_order()
        first = new_payment(order)
        post(first, failure(first))
        second = new_payment(order, now=later(61))
        bodies = [(first, success(first, number=f"A{index}")), (second, success(second, number=f"B{index}"))]
        at_once([partial(post, payment, body) for payment, body in bodies])
        statuses = sorted(MpesaReceipt.objects.filter(meant_for=order).values_list("status", "unallocated"))
        assert statuses == [("matched", Decimal(0)), ("overpaid", Decimal(1500))]
        assert order.sources.get().amount_debited == Decimal("1500.00")
    assert_sums_agree()


def test_one_receipt_number_for_two_orders_at_once_counts_once(daraja: BusyDaraja) -> None:
    daraja.seconds = 0

    for index in ROUNDS:
        number = f"SKN{index:07}"
        payments = [new_payment(), new_payment()]
        at_once([partial(post, payment, success(payment, number=number)) for payment in payments])
        for callback in MpesaCallback.objects.filter(verdict=Verdict.FAILED).select_related("payment"):
            assert callback.payment is not None
            process_callback(callback, callback.payment, now=later(120))
        assert MpesaReceipt.objects.filter(number=number).count() == 1

    assert Source.objects.count() == len(ROUNDS)
    assert not MpesaCallback.objects.filter(verdict=Verdict.FAILED).exists()
    assert_sums_agree()


def test_workers_that_find_the_same_pending_payment_send_one_push(daraja: BusyDaraja) -> None:
    for count in ROUNDS:
        payment = new_payment(sent=False)
        at_once([partial(send_stk_push, payment, now=later(1))] * 4)
        payment.refresh_from_db()
        assert daraja.pushes == count + 1
        assert payment.status == "processing"
        assert payment.checkout_request_id is not None


def test_first_orders_of_the_day_share_one_token(daraja: BusyDaraja) -> None:
    payments = [new_payment(sent=False) for _ in range(8)]

    at_once([partial(send_stk_push, payment, now=later(1)) for payment in payments])

    assert (daraja.pushes, daraja.tokens) == (8, 1)
    assert set(MpesaPayment.objects.values_list("status", flat=True)) == {"processing"}


def test_push_at_its_deadline_is_either_sent_or_failed(daraja: BusyDaraja) -> None:
    daraja.seconds = 0

    for _ in ROUNDS:
        sent_before = daraja.pushes
        payment = new_payment(sent=False)
        at_once([partial(send_stk_push, payment, now=later(59)), partial(refresh_payment, payment, now=later(60))])
        payment.refresh_from_db()
        assert (payment.status, daraja.pushes - sent_before) in {("processing", 1), ("failed", 0)}


def test_callbacks_of_five_payments_do_not_deadlock() -> None:
    payments = [new_payment() for _ in range(5)]
    started = timezone.now()

    at_once(
        [
            partial(post, payment, success(payment, number=f"SKN{payment.pk:07}"))
            for payment in payments
            for _ in range(3)
        ]
    )

    assert (timezone.now() - started).total_seconds() < 20
    assert MpesaReceipt.objects.filter(status="matched").count() == 5
    assert not MpesaCallback.objects.filter(verdict=Verdict.FAILED).exists()


def test_workers_that_find_the_same_due_email_send_it_once(announced: list[Any]) -> None:
    payment = new_payment()
    post(payment, success(payment))

    for count in ROUNDS:
        MpesaOutboxMessage.objects.update(delivered_at=None, reserved_at=None, tries=0)
        at_once([partial(deliver_due, now=later(60))] * 4)
        assert len(mail.outbox) == len(announced) == count + 2
        assert not MpesaOutboxMessage.objects.filter(delivered_at=None).exists()
