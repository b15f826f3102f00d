"""Reports of a success and the queries that confirm them count once if they come at the same moment (M5, M10)."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from oscar_mpesa.daraja.stk_query import StkQueryReply
from oscar_mpesa.models import MpesaCallback, MpesaPayment, MpesaReceipt, Verdict
from oscar_mpesa.services.confirmation import apply_paid_reply
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.status_query import query_status
from oscar_mpesa.services.stk_push import send_stk_push
from oscar_mpesa.services.update_sources import push_expired
from tests.databases.books import assert_paid_once
from tests.databases.threads import BusyDaraja, at_once, new_payment
from tests.services.queries import forge, forget_calls
from tests.shop import failure, later, post, success

pytestmark = [pytest.mark.databases, pytest.mark.django_db(transaction=True)]

ROUNDS = range(10)


@pytest.fixture(autouse=True)
def _paid(daraja: BusyDaraja) -> None:
    daraja.seconds, daraja.result_code = 0, "0"


@pytest.fixture
def _no_wake(settings: Any, _paid: None) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "WAKE": ""}


def cancelled_payment() -> MpesaPayment:
    """Create a payment that Safaricom called cancelled, so that a success needs a confirmation."""
    payment = new_payment()
    post(payment, failure(payment))
    forget_calls()
    payment.refresh_from_db()
    return payment


def number_of(index: int) -> str:
    return f"SKN{index:07}"


def verdict_of(body: bytes, payment: MpesaPayment) -> str:
    return MpesaCallback.objects.get(payment=payment, body=body).verdict


@pytest.mark.parametrize("wakes", [True, False], ids=["its commit queries too", "only one query"])
def test_unconfirmed_success_and_its_query_at_once_pay_once(settings: Any, wakes: bool) -> None:
    if not wakes:
        settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "WAKE": ""}

    for index in ROUNDS:
        payment = cancelled_payment()
        body = success(payment, number=number_of(index))
        query = partial(query_status, MpesaPayment.objects.get(pk=payment.pk), now=later(30))
        at_once([partial(post, payment, body, now=later(30), confirmed=False), query])
        forget_calls()
        if not wakes:
            query_status(MpesaPayment.objects.get(pk=payment.pk), now=later(60))
        assert_paid_once(payment, number=number_of(index))
        assert verdict_of(body, payment) == Verdict.APPLIED


@pytest.mark.usefixtures("_no_wake")
def test_two_confirmations_at_once_pay_once() -> None:
    reply = StkQueryReply(result_code="0", description="simulated")

    for index in ROUNDS:
        payment = cancelled_payment()
        body = success(payment, number=number_of(index))
        post(payment, body, now=later(30), confirmed=False)
        checkout_id = payment.checkout_request_id or ""
        apply = partial(apply_paid_reply, payment, reply, checkout_id=checkout_id, now=later(31))
        before = verdict_of(body, payment)
        at_once([apply] * 2)
        assert_paid_once(payment, number=number_of(index))
        assert (before, verdict_of(body, payment)) == (Verdict.UNCONFIRMED, Verdict.APPLIED)


def test_expected_success_and_a_confirming_query_at_once_pay_once() -> None:
    for index in ROUNDS:
        payment = new_payment()
        apply_update(payment, push_expired(), now=later(150))
        body = success(payment, number=number_of(index))
        queries = [partial(query_status, MpesaPayment.objects.get(pk=payment.pk), now=later(180)) for _ in range(2)]
        at_once([partial(post, payment, body, now=later(180), confirmed=False), *queries])
        forget_calls()
        assert_paid_once(payment, number=number_of(index))
        assert verdict_of(body, payment) == Verdict.APPLIED


@pytest.mark.usefixtures("_no_wake")
def test_forged_and_honest_success_and_a_query_at_once_pay_once() -> None:
    for index in ROUNDS:
        payment = new_payment()
        forge(payment, at=10, MpesaReceiptNumber=f"SKF{index:07}")
        honest = success(payment, number=number_of(index))
        query = partial(query_status, MpesaPayment.objects.get(pk=payment.pk), now=later(30))
        at_once([partial(post, payment, honest, now=later(30), confirmed=False), query])
        forget_calls()
        query_status(MpesaPayment.objects.get(pk=payment.pk), now=later(60))  # the first one may lose its turn
        receipt = MpesaReceipt.objects.get(payment=payment)
        assert receipt.number in {None, number_of(index), f"SKF{index:07}"}
        assert_paid_once(payment, number=receipt.number)
        assert verdict_of(honest, payment) in {Verdict.APPLIED, Verdict.UNCONFIRMED}


def test_failure_and_success_at_once_pay_once() -> None:
    for index in ROUNDS:
        payment = new_payment()
        body, failed = success(payment, number=number_of(index)), failure(payment)
        at_once([partial(post, payment, each, now=later(20), confirmed=False) for each in (body, failed)])
        forget_calls()
        assert_paid_once(payment, number=number_of(index))
        assert verdict_of(body, payment) == Verdict.APPLIED
        assert verdict_of(failed, payment) in {Verdict.APPLIED, Verdict.NO_CHANGE}


@pytest.mark.parametrize("code", ["0", "4999"], ids=["queried as paid", "not answered yet"])
def test_early_success_and_the_reply_to_the_push_at_once_pay_once(daraja: BusyDaraja, code: str) -> None:
    daraja.result_code = code

    for index in ROUNDS:
        payment = new_payment(sent=False)
        checkout_id = f"ws_CO_{daraja.pushes + 1:024}"
        body = success(payment, number=number_of(index), checkout_id=checkout_id)
        push = partial(send_stk_push, MpesaPayment.objects.get(pk=payment.pk), now=later(1))
        at_once([push, partial(post, payment, body, now=later(1), confirmed=False)])
        forget_calls()
        assert_paid_once(payment, number=number_of(index))
        assert payment.checkout_request_id == checkout_id
        assert verdict_of(body, payment) == Verdict.APPLIED
    assert daraja.pushes == len(ROUNDS)
