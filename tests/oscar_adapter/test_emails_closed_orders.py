"""Emails about orders that closed unpaid."""

from __future__ import annotations

from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from oscar.core.loading import get_model

from oscar_mpesa.models import MessageKind, MpesaOrder, MpesaOutboxMessage
from oscar_mpesa.services.claims import record_claim
from oscar_mpesa.services.order_closure import close_for_other_method, close_order, mark_basket_restored
from tests.oscar_adapter.sent_emails import html_of, sent_email, skip_reason
from tests.payment_results import HALF_AN_HOUR, cancelled, closed_by_staff, overdue
from tests.shop import OWNER, later, pay

pytestmark = pytest.mark.django_db

CommunicationEventType = get_model("communication", "CommunicationEventType")


def test_guest_gets_closed_email_with_link_to_restore_the_basket() -> None:
    mpesa_order = overdue(cancelled()).mpesa_order

    message = sent_email(MessageKind.CLOSED_EMAIL)

    number, address = mpesa_order.order.number, f"/checkout/mpesa/order/{mpesa_order.public_id}."
    assert message.to == ["guest@example.com"]
    assert message.subject == f"TEST: Order {number} is closed"
    for text in (message.body, html_of(message)):
        assert f"We received no payment for order {number} by 15:30, so it's closed." in unescape(text)
        assert f"http://{mpesa_order.order.site.domain}/en{address}" in text
        assert "If an M-PESA SMS says Confirmed, don't order again: call us." in unescape(text)
        assert "browser" not in text and "Sign in" not in text
    assert (
        f"TEST: No real money moves.\nOrder: {number}\nAmount: KSh 1,500\nClosed: 23 Nov 2026, 15:30\n" in message.body
    )


def test_closed_email_says_that_a_recorded_payment_is_looked_at(admin_user: Any) -> None:
    order = cancelled().mpesa_order.order
    record_claim("OD555EEE55", Decimal(500), order=order, by=admin_user, note="statement", now=later(60))
    close_order(order, by=admin_user, now=later(90))

    body = sent_email(MessageKind.CLOSED_EMAIL).body

    assert f"The shop closed order {order.number}. The shop is checking the payment that it recorded" in body
    assert "We received no payment" not in body


def test_user_email_opens_without_signing_in_and_is_stored(settings: Any, django_user_model: Any) -> None:
    settings.OSCAR_SAVE_SENT_EMAILS_TO_DB = True
    user = django_user_model.objects.create_user("achieng", "achieng@example.com", "a long password")
    mpesa_order = overdue(cancelled(user=user)).mpesa_order

    message = sent_email(MessageKind.CLOSED_EMAIL)

    assert message.to == ["achieng@example.com"]
    assert f"/en/checkout/mpesa/order/{mpesa_order.public_id}." in message.body
    assert user.emails.get().subject == message.subject


def test_email_and_its_link_use_the_shoppers_language() -> None:
    mpesa_order = overdue(cancelled()).mpesa_order
    MpesaOrder.objects.update(language="sw")

    message = sent_email(MessageKind.CLOSED_EMAIL)

    assert f"Hatukupokea malipo ya oda {mpesa_order.order.number} kufikia 15:30, kwa hivyo imefungwa." in message.body
    assert f"/sw/checkout/mpesa/order/{mpesa_order.public_id}." in message.body


def test_email_uses_the_support_contact_and_https(settings: Any) -> None:
    settings.OSCAR_MPESA = {"TEST_MODE": True, "WAKE": settings.OSCAR_MPESA["WAKE"], "SUPPORT_CONTACT": "0700 000 000"}
    settings.OSCAR_URL_SCHEMA = "https"
    overdue(cancelled())

    message = sent_email(MessageKind.CLOSED_EMAIL)

    assert "don't order again: call or WhatsApp 0700 000 000." in message.body
    assert "https://" in message.body
    assert "http://" not in message.body


def test_order_closed_by_staff_names_no_time(admin_user: Any) -> None:
    payment = closed_by_staff(cancelled(), by=admin_user)

    message = sent_email(MessageKind.CLOSED_EMAIL)

    assert f"The shop closed order {payment.mpesa_order.order.number}. We received no payment for it." in message.body


def test_choosing_another_method_sends_no_email() -> None:
    close_for_other_method(cancelled().mpesa_order.order, actor=OWNER, now=later(60))

    assert MpesaOrder.objects.get().is_closed
    assert not MpesaOutboxMessage.objects.filter(kind=MessageKind.CLOSED_EMAIL).exists()


@pytest.mark.parametrize("meanwhile", ["reopened", "restored", "paid"])
def test_outdated_closed_email_is_not_sent(meanwhile: str) -> None:
    payment = overdue(cancelled())
    if meanwhile == "restored":
        mark_basket_restored(payment.mpesa_order.order, actor=OWNER, now=later(HALF_AN_HOUR))
    elif meanwhile == "reopened":
        pay(payment, now=later(HALF_AN_HOUR))
    else:
        MpesaOrder.objects.update(close_reason="staff")
        pay(payment, now=later(HALF_AN_HOUR))

    assert skip_reason(MessageKind.CLOSED_EMAIL) == "outdated"


def test_shop_overrides_the_email() -> None:
    CommunicationEventType.objects.create(
        code="MPESA_ORDER_CLOSED",
        name="M-PESA: order closed",
        email_subject_template="Bye {{ order.number }}",
        email_body_template="{{ happened }}|{{ wait_url }}",
        email_body_html_template="",
    )
    mpesa_order = overdue(cancelled()).mpesa_order

    message = sent_email(MessageKind.CLOSED_EMAIL)

    assert message.subject == f"TEST: Bye {mpesa_order.order.number}"
    assert message.body.startswith(f"We received no payment for order {mpesa_order.order.number} ")
    assert get_model("order", "CommunicationEvent").objects.count() == 1


@pytest.mark.parametrize(
    ("template", "subject"),
    [
        ("TESTAMENT Books: closed", "TEST: TESTAMENT Books: closed"),
        ("TEST of a shop: closed", "TEST of a shop: closed"),
    ],
)
def test_subject_says_test_once_as_a_word(template: str, subject: str) -> None:
    CommunicationEventType.objects.create(
        code="MPESA_ORDER_CLOSED", name="M-PESA: order closed", email_subject_template=template
    )
    overdue(cancelled())

    message = sent_email(MessageKind.CLOSED_EMAIL)

    assert message.subject == subject


def test_order_without_email_address_is_skipped(django_user_model: Any) -> None:
    user = django_user_model.objects.create_user("achieng", "achieng@example.com", "a long password")
    overdue(cancelled(user=user))
    user.delete()

    assert skip_reason(MessageKind.CLOSED_EMAIL) == "no_address"


def test_order_without_site_links_to_the_settings_site() -> None:
    payment = cancelled()
    get_model("order", "Order").objects.update(site=None)
    overdue(payment)

    assert "http://example.com/en/checkout/mpesa/order/" in sent_email(MessageKind.CLOSED_EMAIL).body


def test_production_email_does_not_say_test(admin_user: Any) -> None:
    closed_by_staff(cancelled(), by=admin_user)
    MpesaOrder.objects.update(environment="production")

    message = sent_email(MessageKind.CLOSED_EMAIL)

    assert "The shop closed order" in message.body
    assert "TEST" not in message.subject + message.body + html_of(message)
