"""What is mailed when an order is closed unpaid, and when money came that it did not take."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from oscar.core.loading import get_model

from oscar_mpesa.models import MessageKind, MpesaOrder, MpesaOutboxMessage, MpesaReceipt
from oscar_mpesa.services import outbox
from oscar_mpesa.services.order_closure import close_for_other_method, mark_basket_restored
from tests.payment_results import HALF_AN_HOUR, cancelled, closed_by_staff, overdue, paid_too_late
from tests.shop import later, new_payment, pay, post, success

pytestmark = pytest.mark.django_db

CommunicationEventType = get_model("communication", "CommunicationEventType")


def mailed(kind: MessageKind) -> Any:
    """Send what is due of a kind; the mail, or None where it was skipped, which is not tried again."""
    item = MpesaOutboxMessage.objects.select_related(*outbox.RELATED).get(kind=kind)
    assert outbox.deliver(item, now=later(HALF_AN_HOUR))
    item.refresh_from_db()
    assert item.delivered_at is not None
    return mail.outbox[-1] if mail.outbox else None


def html_of(message: Any) -> str:
    return str(message.alternatives[0][0])


def test_a_guest_is_told_that_the_order_is_closed_and_where_its_things_can_be_had_again() -> None:
    mpesa_order = overdue(cancelled()).mpesa_order

    message = mailed(MessageKind.CLOSED_EMAIL)

    number, address = mpesa_order.order.number, f"/checkout/mpesa/{mpesa_order.public_id}/"
    assert message.to == ["guest@example.com"]
    assert message.subject == f"TEST: Order {number} is closed"
    for text in (message.body, html_of(message)):
        assert f"Order {number} is closed. No payment reached us by 15:30." in text
        assert f"http://{mpesa_order.order.site.domain}/en{address}" in text
        assert "Open it in the browser that you ordered with." in text
        assert "If an M-PESA SMS says Confirmed, do not order again: call us." in text
        assert "TEST" in text


def test_a_user_is_told_to_sign_in_and_the_mail_is_kept_where_the_shop_keeps_its_mails(
    settings: Any, django_user_model: Any
) -> None:
    settings.OSCAR_SAVE_SENT_EMAILS_TO_DB = True
    user = django_user_model.objects.create_user("achieng", "achieng@example.com", "a long password")
    overdue(cancelled(user=user))

    message = mailed(MessageKind.CLOSED_EMAIL)

    assert message.to == ["achieng@example.com"]
    assert "Sign in first" in message.body
    assert user.emails.get().subject == message.subject


def test_the_mail_speaks_the_shopper_s_language_and_leads_to_the_page_in_it() -> None:
    mpesa_order = overdue(cancelled()).mpesa_order
    MpesaOrder.objects.update(language="sw")

    message = mailed(MessageKind.CLOSED_EMAIL)

    assert f"Oda {mpesa_order.order.number} imefungwa. Hatukupata malipo kufikia 15:30." in message.body
    assert f"/sw/checkout/mpesa/{mpesa_order.public_id}/" in message.body


def test_the_shop_s_own_help_line_and_https_are_used(settings: Any) -> None:
    settings.OSCAR_MPESA = {"TEST_MODE": True, "SUPPORT_CONTACT": "0700 000 000"}
    settings.OSCAR_URL_SCHEMA = "https"
    overdue(cancelled())

    message = mailed(MessageKind.CLOSED_EMAIL)

    assert "do not order again: call or WhatsApp 0700 000 000." in message.body
    assert "https://" in message.body
    assert "http://" not in message.body


def test_who_cancelled_is_told_and_no_time_is_invented(admin_user: Any) -> None:
    payment = closed_by_staff(cancelled(), by=admin_user)

    message = mailed(MessageKind.CLOSED_EMAIL)

    assert (
        f"The shop closed order {payment.mpesa_order.order.number}. No payment for it has reached us." in message.body
    )


def test_whoever_chose_another_way_gets_no_mail_about_it() -> None:
    close_for_other_method(cancelled().mpesa_order.order, now=later(60))

    assert MpesaOrder.objects.get().is_closed
    assert not MpesaOutboxMessage.objects.filter(kind=MessageKind.CLOSED_EMAIL).exists()


@pytest.mark.parametrize("meanwhile", ["reinstated", "restored", "paid"])
def test_a_closing_that_is_news_no_more_is_not_mailed(meanwhile: str) -> None:
    payment = overdue(cancelled())
    if meanwhile == "restored":
        mark_basket_restored(payment.mpesa_order.order, now=later(HALF_AN_HOUR))
    elif meanwhile == "reinstated":
        pay(payment, now=later(HALF_AN_HOUR))
    else:
        MpesaOrder.objects.update(close_reason="staff")
        pay(payment, now=later(HALF_AN_HOUR))

    assert mailed(MessageKind.CLOSED_EMAIL) is None


def test_a_shop_writes_the_mail_itself() -> None:
    CommunicationEventType.objects.create(
        code="MPESA_ORDER_CLOSED",
        name="M-PESA: order closed",
        email_subject_template="Bye {{ order.number }}",
        email_body_template="{{ happened }}|{{ wait_url }}",
        email_body_html_template="",
    )
    mpesa_order = overdue(cancelled()).mpesa_order

    message = mailed(MessageKind.CLOSED_EMAIL)

    assert message.subject == f"Bye {mpesa_order.order.number}"
    assert message.body.startswith(f"Order {mpesa_order.order.number} is closed.")
    assert get_model("order", "CommunicationEvent").objects.count() == 1


def test_an_order_without_anybody_to_write_to_is_passed_over(django_user_model: Any) -> None:
    user = django_user_model.objects.create_user("achieng", "achieng@example.com", "a long password")
    overdue(cancelled(user=user))
    user.delete()

    assert mailed(MessageKind.CLOSED_EMAIL) is None


def test_an_order_without_a_site_leads_to_the_settings_site() -> None:
    payment = cancelled()
    get_model("order", "Order").objects.update(site=None)
    overdue(payment)

    assert "http://example.com/en/checkout/mpesa/" in mailed(MessageKind.CLOSED_EMAIL).body


def test_late_money_is_told_with_its_amount_and_code(admin_user: Any) -> None:
    number = paid_too_late(by=admin_user).mpesa_order.order.number

    message = mailed(MessageKind.UNMATCHED_EMAIL)

    assert message.subject == f"TEST: Order {number}: your KSh 1,500 arrived, do not pay again"
    for text in (message.body, html_of(message)):
        assert f"Your KSh 1,500 (M-PESA code OD123ABC45) arrived after order {number} was closed." in text
        assert "Do not pay again." in text
        assert f"KSh 1,500 for order {number}." in text
        assert "TEST" in text


def test_another_amount_and_a_second_payment_are_told_as_such() -> None:
    first = new_payment()
    post(first, success(first, amount=1400))
    another_amount = mailed(MessageKind.UNMATCHED_EMAIL).body
    MpesaOutboxMessage.objects.filter(kind=MessageKind.UNMATCHED_EMAIL).delete()
    second = pay(new_payment(), number="OD222BBB22")
    post(second, success(second, number="OD333CCC33"))

    paid_twice = mailed(MessageKind.UNMATCHED_EMAIL).body

    assert "KSh 1,400 arrived; the order is KSh 1,500." in another_amount
    assert "We received two payments for this order." in paid_twice
    assert "M-PESA code: OD333CCC33" in paid_twice


def test_the_help_line_stands_below_and_a_code_only_where_it_is_known(settings: Any) -> None:
    settings.OSCAR_MPESA = {"TEST_MODE": True, "SUPPORT_CONTACT": "0700 000 000"}
    payment = new_payment()
    post(payment, success(payment, amount=1400))
    MpesaReceipt.objects.update(number=None, amount=Decimal("1400.50"))

    body = mailed(MessageKind.UNMATCHED_EMAIL).body

    assert "KSh 1,400.50 arrived; the order is KSh 1,500." in body
    assert "M-PESA code" not in body
    assert "Help: 0700 000 000, order" in body


def test_money_that_was_sorted_out_meanwhile_is_not_mailed_about() -> None:
    payment = new_payment()
    post(payment, success(payment, amount=1400))
    MpesaReceipt.objects.update(allocation="returned")

    assert mailed(MessageKind.UNMATCHED_EMAIL) is None


def test_real_money_is_no_test(admin_user: Any) -> None:
    closed_by_staff(cancelled(), by=admin_user)
    MpesaOrder.objects.update(environment="production")

    message = mailed(MessageKind.CLOSED_EMAIL)

    assert "The shop closed order" in message.body
    assert "TEST" not in message.subject + message.body + html_of(message)
