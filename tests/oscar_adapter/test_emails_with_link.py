"""Emails with a payment link: after a failed payment and for paying later."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from oscar_mpesa.models import MessageKind, MpesaOrder, MpesaOutboxMessage, MpesaPayment
from oscar_mpesa.services import outbox
from oscar_mpesa.services.actors import Actor
from oscar_mpesa.services.pay_later import pay_later
from oscar_mpesa.services.pay_links import find_link
from tests.payment_results import cancelled
from tests.shop import ANOTHER, CANCELS, failure, later, new_payment, pay, post, success

pytestmark = pytest.mark.django_db

LINK = re.compile(r"http://\S+/checkout/mpesa/pay/([\w.-]+)/")


def failed_payment(*, minutes: int = 1, order: Any = None) -> MpesaPayment:
    """Create a payment that was canceled on the phone ``minutes`` ago by the real clock."""
    now = timezone.now() - timedelta(minutes=minutes)
    payment = new_payment(order, phone=CANCELS if order is None else ANOTHER, now=now)
    post(payment, failure(payment), now=now + timedelta(seconds=9))
    payment.refresh_from_db()
    return payment


def sent_email(kind: MessageKind, *, in_minutes: int = 11) -> Any:
    """Deliver the messages of a kind in ``in_minutes``. Return the email, or None if none was sent."""
    mail.outbox.clear()
    now = timezone.now() + timedelta(minutes=in_minutes)
    for item in outbox.pending_messages(now).filter(kind=kind).select_related(*outbox.RELATED):
        assert outbox.deliver(item, now=now) in {outbox.Delivery.DELIVERED, outbox.Delivery.SKIPPED}
    return mail.outbox[0] if mail.outbox else None


def html_of(message: Any) -> str:
    return str(message.alternatives[0][0])


def test_failed_payment_sends_one_email_with_reason_and_link() -> None:
    payment = failed_payment()

    message = sent_email(MessageKind.FAILED_EMAIL)

    number = payment.mpesa_order.order.number
    assert message.subject == f"TEST: Order {number} isn't paid yet"
    for text in (message.body, html_of(message)):
        assert "The prompt was canceled or closed." in text
        assert "KSh 1,500" in text and "Reserved until" in text
        [token, *_] = LINK.findall(text)
        link = find_link(token)
        assert link is not None and link.mpesa_order_id == payment.order_id
    assert sent_email(MessageKind.FAILED_EMAIL, in_minutes=60) is None


@pytest.mark.parametrize(
    ("code", "ending"),
    [
        ("1019", "The prompt expired. Send it again."),
        ("9998", "M-PESA couldn't complete this payment. Send the prompt again."),
    ],
)
def test_failed_email_warns_of_a_second_payment_once(code: str, ending: str) -> None:
    payment = failed_payment()
    MpesaPayment.objects.filter(pk=payment.pk).update(status="failed", result_code=code)

    message = sent_email(MessageKind.FAILED_EMAIL)

    for text in (message.body, unescape(html_of(message))):
        assert ending in text and text.count("says Confirmed") == 1


def test_unanswered_email_warns_of_a_second_payment_once() -> None:
    payment = failed_payment()
    MpesaPayment.objects.filter(pk=payment.pk).update(status="expired", result_code="no-answer")

    message = sent_email(MessageKind.FAILED_EMAIL)

    assert "M-PESA hasn't answered yet. We're checking with Safaricom." in message.body
    assert message.body.count("says Confirmed") == 1


def test_email_suggests_the_method_of_the_shops_own_view(settings: Any) -> None:
    settings.OSCAR_MPESA = {"TEST_MODE": True, "WAKE": settings.OSCAR_MPESA["WAKE"]}  # and no OTHER_METHODS
    payment = new_payment(now=timezone.now())
    post(payment, failure(payment, code="4"), now=timezone.now())

    assert "Pay another way." in sent_email(MessageKind.FAILED_EMAIL).body


def test_failed_email_waits_ten_minutes() -> None:
    failed_payment()

    assert sent_email(MessageKind.FAILED_EMAIL, in_minutes=8) is None
    assert sent_email(MessageKind.FAILED_EMAIL, in_minutes=11) is not None


def test_failed_email_waits_for_the_next_payment_to_end() -> None:
    order = failed_payment(minutes=5).mpesa_order.order
    again = new_payment(order, phone=ANOTHER, now=timezone.now())
    soon = sent_email(MessageKind.FAILED_EMAIL, in_minutes=6)

    post(again, failure(again), now=timezone.now())
    afterwards = sent_email(MessageKind.FAILED_EMAIL, in_minutes=13)

    assert (soon, MpesaOutboxMessage.objects.filter(kind=MessageKind.FAILED_EMAIL).count()) == (None, 1)
    assert afterwards is not None


def test_no_email_while_a_prompt_is_pending() -> None:
    order = failed_payment(minutes=5).mpesa_order.order
    before = sent_email(MessageKind.FAILED_EMAIL, in_minutes=4)
    new_payment(order, phone=ANOTHER, now=timezone.now())

    assert MpesaOutboxMessage.objects.filter(kind=MessageKind.FAILED_EMAIL).exists()
    assert (before, sent_email(MessageKind.FAILED_EMAIL, in_minutes=13)) == (None, None)


def test_no_email_once_the_order_is_paid() -> None:
    order = failed_payment(minutes=5).mpesa_order.order
    pay(new_payment(order, phone=ANOTHER, now=timezone.now()), now=timezone.now())

    assert MpesaOutboxMessage.objects.filter(kind=MessageKind.FAILED_EMAIL).exists()
    assert sent_email(MessageKind.FAILED_EMAIL, in_minutes=13) is None


@pytest.mark.parametrize(("is_reported", "outcome", "emails"), [(False, "delivered", 1), (True, "postponed", 0)])
def test_no_email_asks_to_pay_while_money_is_confirmed(is_reported: bool, outcome: str, emails: int) -> None:
    payment = failed_payment()
    if is_reported:
        post(payment, success(payment), now=timezone.now(), confirmed=False)

    message = MpesaOutboxMessage.objects.select_related("mpesa_order__order").get(kind=MessageKind.FAILED_EMAIL)
    delivery = outbox.deliver(message, now=message.due_at)

    message.refresh_from_db()
    assert (delivery, len(mail.outbox), message.tries) == (outcome, emails, emails)


def test_pay_later_sends_the_link_at_once_and_no_other_email() -> None:
    payment = failed_payment()

    pay_later(payment.mpesa_order.order, actor=Actor(), now=timezone.now())
    message = sent_email(MessageKind.PAY_LATER_EMAIL, in_minutes=0)

    assert message.subject == f"TEST: Your link to pay order {payment.mpesa_order.order.number}"
    assert LINK.search(message.body) and LINK.search(html_of(message))
    assert sent_email(MessageKind.FAILED_EMAIL) is None


def test_expired_link_is_not_emailed() -> None:
    payment = cancelled()
    pay_later(payment.mpesa_order.order, actor=Actor(), now=later(60))
    MpesaOrder.objects.update(pay_before=timezone.now() - timedelta(minutes=1))

    assert MpesaOutboxMessage.objects.filter(kind=MessageKind.PAY_LATER_EMAIL).exists()
    assert sent_email(MessageKind.PAY_LATER_EMAIL, in_minutes=0) is None


def test_email_uses_the_shoppers_language() -> None:
    payment = failed_payment()
    MpesaOrder.objects.update(language="sw")

    message = sent_email(MessageKind.FAILED_EMAIL)

    assert f"Oda {payment.mpesa_order.order.number} bado haijalipiwa" in message.subject
    assert "/sw/checkout/mpesa/pay/" in message.body
