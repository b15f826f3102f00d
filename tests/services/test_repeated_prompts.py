"""Another prompt goes to the phone that its actor may use, if it can succeed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.services.actors import Actor, Role
from oscar_mpesa.services.exceptions import NoOtherPrompt, NumberNeeded, TooSoon
from oscar_mpesa.services.payments import retry_payment
from tests.payment_results import cancelled
from tests.shop import ANOTHER, OWNER, failure, later, new_payment, post

pytestmark = pytest.mark.django_db

PAYER = Actor(role=Role.PAYER)


def failed(code: int) -> MpesaPayment:
    """Return a payment that failed with this result code."""
    payment = new_payment()
    post(payment, failure(payment, code=code), now=later(10))
    return payment


def test_owner_sends_again_to_the_last_phone_and_a_payer_cannot() -> None:
    payment = cancelled()
    order = payment.mpesa_order.order

    with pytest.raises(NumberNeeded):
        retry_payment(order, phone=None, actor=PAYER, now=later(300))
    again = retry_payment(order, phone=None, actor=OWNER, now=later(300))

    assert [each.phone for each in MpesaPayment.objects.all()] == [payment.phone] * 2
    assert again.phone == payment.phone


def test_phone_that_cannot_pay_gets_no_other_prompt() -> None:
    payment = failed(4)

    with pytest.raises(NumberNeeded):
        retry_payment(payment.mpesa_order.order, phone=None, actor=OWNER, now=later(300))

    assert retry_payment(payment.mpesa_order.order, phone=ANOTHER, actor=OWNER, now=later(300)).phone == ANOTHER.msisdn


def test_amount_that_mpesa_refuses_gets_no_other_prompt() -> None:
    payment = failed(3)

    with pytest.raises(NoOtherPrompt):
        retry_payment(payment.mpesa_order.order, phone=ANOTHER, actor=OWNER, now=later(300))

    assert MpesaPayment.objects.count() == 1


def test_payer_waits_only_after_a_prompt_of_the_same_session() -> None:
    payment, payer = cancelled(), replace(PAYER, session_digest="a")
    order = payment.mpesa_order.order

    first = retry_payment(order, phone=payment.phone_number, actor=payer, now=later(50))
    first.refresh_from_db()
    post(first, failure(first, code=1001), now=later(55))

    with pytest.raises(TooSoon):
        retry_payment(order, phone=payment.phone_number, actor=payer, now=later(60))
    with pytest.raises(TooSoon):
        retry_payment(order, phone=payment.phone_number, actor=OWNER, now=later(60))
    assert retry_payment(order, phone=ANOTHER, actor=payer, now=later(60)).phone == ANOTHER.msisdn
