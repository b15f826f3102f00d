"""Mails to who has not paid: one after a failure, and one to who pays later, each with a link to pay by."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from oscar_mpesa.models import MessageKind, MpesaOrder, MpesaOutboxMessage, MpesaPayment
from oscar_mpesa.services import outbox
from oscar_mpesa.services.order_tokens import TokenPurpose, read_token
from oscar_mpesa.services.pay_later import pay_later
from tests.payment_results import cancelled
from tests.shop import ANOTHER, CANCELS, failure, later, new_payment, pay, post

pytestmark = pytest.mark.django_db

LINK = re.compile(r"http://\S+/checkout/mpesa/pay/([\w.-]+)/")


def abandoned(*, minutes: int = 1, order: Any = None) -> MpesaPayment:
    """Cancelled on the phone, so many minutes ago by the real clock."""
    now = timezone.now() - timedelta(minutes=minutes)
    payment = new_payment(order, phone=CANCELS if order is None else ANOTHER, now=now)
    post(payment, failure(payment), now=now + timedelta(seconds=9))
    payment.refresh_from_db()
    return payment


def mailed(kind: MessageKind, *, in_minutes: int = 11) -> Any:
    """What is sent of a kind after so many minutes; None if nothing is due, or its time is over."""
    mail.outbox.clear()
    now = timezone.now() + timedelta(minutes=in_minutes)
    for item in outbox.pending_messages(now).filter(kind=kind).select_related(*outbox.RELATED):
        assert outbox.deliver(item, now=now)
    return mail.outbox[0] if mail.outbox else None


def html_of(message: Any) -> str:
    return str(message.alternatives[0][0])


def test_who_left_after_a_failure_gets_one_mail_that_says_why_and_where_to_pay() -> None:
    payment = abandoned()

    message = mailed(MessageKind.FAILED_EMAIL)

    number = payment.mpesa_order.order.number
    assert message.subject == f"TEST: Order {number} is not paid yet"
    for text in (message.body, html_of(message)):
        assert "The request was cancelled, or closed before a PIN was entered." in text
        assert "KSh 1,500" in text and "We keep your things until" in text
        [token, *_] = LINK.findall(text)
        assert read_token(token, TokenPurpose.PAY) == payment.order_id
    assert mailed(MessageKind.FAILED_EMAIL, in_minutes=60) is None


def test_it_names_the_other_way_that_only_the_shop_s_own_view_takes(settings: Any) -> None:
    settings.OSCAR_MPESA = {"TEST_MODE": True}  # and no OTHER_METHODS
    payment = new_payment(now=timezone.now())
    post(payment, failure(payment, code="4"), now=timezone.now())

    assert "Pay another way." in mailed(MessageKind.FAILED_EMAIL).body


def test_it_waits_ten_minutes() -> None:
    abandoned()

    assert mailed(MessageKind.FAILED_EMAIL, in_minutes=8) is None
    assert mailed(MessageKind.FAILED_EMAIL, in_minutes=11) is not None


def test_it_waits_for_the_end_of_another_attempt() -> None:
    order = abandoned(minutes=5).mpesa_order.order
    again = new_payment(order, phone=ANOTHER, now=timezone.now())
    soon = mailed(MessageKind.FAILED_EMAIL, in_minutes=6)

    post(again, failure(again), now=timezone.now())
    afterwards = mailed(MessageKind.FAILED_EMAIL, in_minutes=13)

    assert (soon, MpesaOutboxMessage.objects.filter(kind=MessageKind.FAILED_EMAIL).count()) == (None, 1)
    assert afterwards is not None


def test_a_shopper_whose_request_is_still_on_the_phone_gets_none() -> None:
    order = abandoned(minutes=5).mpesa_order.order
    before = mailed(MessageKind.FAILED_EMAIL, in_minutes=4)
    new_payment(order, phone=ANOTHER, now=timezone.now())

    assert MpesaOutboxMessage.objects.filter(kind=MessageKind.FAILED_EMAIL).exists()
    assert (before, mailed(MessageKind.FAILED_EMAIL, in_minutes=13)) == (None, None)


def test_who_paid_meanwhile_gets_none() -> None:
    order = abandoned(minutes=5).mpesa_order.order
    pay(new_payment(order, phone=ANOTHER, now=timezone.now()), now=timezone.now())

    assert MpesaOutboxMessage.objects.filter(kind=MessageKind.FAILED_EMAIL).exists()
    assert mailed(MessageKind.FAILED_EMAIL, in_minutes=13) is None


def test_who_pays_later_gets_the_link_at_once_and_no_other_mail() -> None:
    payment = abandoned()

    pay_later(payment.mpesa_order.order, now=timezone.now())
    message = mailed(MessageKind.PAY_LATER_EMAIL, in_minutes=0)

    assert message.subject == f"TEST: Your link to pay order {payment.mpesa_order.order.number}"
    assert LINK.search(message.body) and LINK.search(html_of(message))
    assert mailed(MessageKind.FAILED_EMAIL) is None


def test_a_link_that_is_of_no_use_any_more_is_not_mailed() -> None:
    payment = cancelled()
    pay_later(payment.mpesa_order.order, now=later(60))
    MpesaOrder.objects.update(pay_before=timezone.now() - timedelta(minutes=1))

    assert MpesaOutboxMessage.objects.filter(kind=MessageKind.PAY_LATER_EMAIL).exists()
    assert mailed(MessageKind.PAY_LATER_EMAIL, in_minutes=0) is None


def test_the_mail_speaks_the_shopper_s_language() -> None:
    payment = abandoned()
    MpesaOrder.objects.update(language="sw")

    message = mailed(MessageKind.FAILED_EMAIL)

    assert f"Oda {payment.mpesa_order.order.number} haijalipwa bado" in message.subject
    assert "/sw/checkout/mpesa/pay/" in message.body
