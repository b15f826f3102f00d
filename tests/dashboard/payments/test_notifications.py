"""Staff see what was not delivered, and have it, or an email that a customer lost, delivered again."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from oscar_mpesa.models import MessageKind, MpesaEvent, MpesaOutboxMessage, MpesaPayment
from oscar_mpesa.services.outbox import resend
from tests.dashboard.staff import page_text, staff_client, url_of
from tests.shop import NOON, later, new_payment, new_staff_user, pay

pytestmark = pytest.mark.django_db(transaction=True)

EMAIL = MessageKind.PAID_EMAIL


@pytest.fixture
def given_up() -> MpesaPayment:
    """Return a paid payment whose email could not be sent in all its tries."""
    payment = pay(new_payment())
    email = MpesaOutboxMessage.objects.filter(kind=EMAIL)
    email.update(delivered_at=None, reserved_at=None, tries=12, error="OSError('0708374149: no mail today')")
    mail.outbox.clear()
    return payment


def email() -> MpesaOutboxMessage:
    return MpesaOutboxMessage.objects.get(kind=EMAIL)


def press(payment: MpesaPayment, **fields: Any) -> str:
    """Press a button as staff and return the text of the next page."""
    client = staff_client("act_on_payment")
    return page_text(client.post(url_of("payment-send-again", payment.pk), fields, follow=True))


def resent_events() -> list[tuple[dict[str, Any], str]]:
    return list(MpesaEvent.objects.filter(type="message_resent").values_list("params", "by_name"))


def test_undelivered_email_is_shown_with_its_tries_and_error(given_up: MpesaPayment) -> None:
    there = url_of("payment", given_up.pk)

    may_act = page_text(staff_client("act_on_payment").get(there))
    may_not = page_text(staff_client().get(there))

    assert "email: the order is paid tried 12 times · no more tries · OSError('•••149: no mail today')" in may_act
    assert "Send all of these again" in may_act
    assert "Send all of these again" not in may_not


def test_next_try_is_shown_while_there_is_one(given_up: MpesaPayment) -> None:
    MpesaOutboxMessage.objects.filter(kind=EMAIL).update(tries=2, due_at=later(3600))

    text = page_text(staff_client("act_on_payment").get(url_of("payment", given_up.pk)))

    assert "tried 2 times · next try 23 Nov 2026, 16:00" in text


def test_button_sends_the_undelivered_email_with_new_tries(given_up: MpesaPayment) -> None:
    text = press(given_up)

    assert "It is on its way. Look here again in a minute." in text
    assert "Notification to be sent again email: the order is paid by Achieng Were" in text
    assert [message.to for message in mail.outbox] == [["guest@example.com"]]
    assert (email().tries, email().error, email().delivered_at is not None) == (1, "", True)
    assert resent_events() == [({"kind": "paid_email"}, "Achieng Were")]


def test_customer_who_lost_an_email_gets_it_again() -> None:
    payment = pay(new_payment())

    text = press(payment, message=email().pk)
    again = press(payment, message=email().pk)

    assert "It is on its way." in text
    assert "Nothing was sent again: it was sent a moment ago, or is being sent now." in again
    assert len(mail.outbox) == 2
    assert resent_events() == [({"kind": "paid_email"}, "Achieng Were")]


def test_delivered_signal_is_not_sent_again() -> None:
    payment = pay(new_payment())
    signal = MpesaOutboxMessage.objects.get(kind=MessageKind.ORDER_PAID)

    assert "Nothing was sent again" in press(payment, message=signal.pk)
    assert (resent_events(), signal.tries) == ([], 1)
    assert "Send an email again" in page_text(staff_client("act_on_payment").get(url_of("payment", payment.pk)))


@pytest.mark.parametrize("pressed", ["x", "9" * 30, "0"])
def test_message_that_is_not_the_order_s_sends_nothing(given_up: MpesaPayment, pressed: str) -> None:
    assert "Nothing was sent again" in press(given_up, message=pressed)
    assert email().tries == 12


def test_email_that_was_not_sent_says_why(given_up: MpesaPayment) -> None:
    MpesaOutboxMessage.objects.filter(kind=EMAIL).update(delivered_at=NOON, skip_reason="no_address")

    text = page_text(staff_client("act_on_payment").get(url_of("payment", given_up.pk)))

    assert "email: the order is paid not sent: the order has no email address" in text
    assert "Not notified – email: the order is paid the order has no email address" in text


def test_message_that_a_worker_delivers_is_left_alone(given_up: MpesaPayment) -> None:
    now = timezone.now()
    MpesaOutboxMessage.objects.filter(kind=EMAIL).update(reserved_at=now, tries=3)

    assert "Nothing was sent again" in press(given_up)
    assert (email().tries, mail.outbox) == (3, [])


def test_service_refuses_without_the_permission(given_up: MpesaPayment) -> None:
    with pytest.raises(PermissionDenied):
        resend([email()], by=new_staff_user("close_order"), now=NOON)

    assert (email().tries, resent_events()) == (12, [])
