"""Staff send a prompt to the payment's phone or to another, for all that is owed or the rest; or read why not."""

from __future__ import annotations

import pytest
from django.test import Client

from oscar_mpesa.models import MpesaEvent, MpesaPayment
from tests.browser import states
from tests.dashboard.failed_payments import blocked, waited
from tests.dashboard.staff import page_text, staff_client, url_of
from tests.services.money import row
from tests.shop import ANOTHER, NOON

pytestmark = pytest.mark.django_db


def send(client: Client, payment: MpesaPayment, number: str | None = None) -> str:
    """Press the button of the payment's phone, or of a typed number; return the text of the next page."""
    fields = {"newest": str(payment.mpesa_order.payments.latest("pk").pk)}
    if number is not None:
        fields["prompt-number"] = number
    return page_text(client.post(url_of("payment-send-prompt", payment.pk), fields, follow=True))


def test_prompt_goes_to_another_number() -> None:
    payment = waited()

    text = send(staff_client("act_on_payment"), payment, "0799 000 111")

    sent = MpesaPayment.objects.latest("pk")
    assert (sent.phone, sent.amount, sent.mpesa_order_id) == ("254799000111", 1500, payment.mpesa_order_id)
    assert "A new prompt is on its way to the phone." in text
    assert MpesaEvent.objects.get(type="push_requested").by_name == "Achieng Were"


def test_blocked_number_is_named_and_another_gets_the_prompt() -> None:
    payment, client = blocked(), staff_client("act_on_payment", "view_full_phone")

    page = page_text(client.get(url_of("payment", payment.pk)))
    send(client, payment, "0799 000 111")

    assert "0712 345 678: The owner of this number asked not to get prompts. Use another number." in page
    assert "Send the prompt to 0712" not in page
    assert MpesaPayment.objects.latest("pk").phone == "254799000111"


def test_masked_staff_send_to_the_number_without_seeing_it() -> None:
    payment, client = waited(), staff_client("act_on_payment")

    page = page_text(client.get(url_of("payment", payment.pk)))
    send(client, payment)

    assert "Send the prompt to 0712 •••678" in page
    assert "0712 345 678" not in page
    assert MpesaPayment.objects.latest("pk").phone == ANOTHER.msisdn


@pytest.mark.parametrize(
    ("typed", "sentence"), [("", "Enter"), ("0712", "number"), ("+44 20 7946 0000", "Kenyan")], ids=str
)
def test_number_that_is_none_sends_nothing(typed: str, sentence: str) -> None:
    payment = waited()

    text = send(staff_client("act_on_payment"), payment, typed)

    assert sentence in text
    assert MpesaPayment.objects.count() == 1


def test_number_that_cannot_pay_is_refused_and_another_is_not() -> None:
    payment, client = states.failed(2006)(), staff_client("act_on_payment")
    MpesaPayment.objects.update(push_sent_at=NOON)

    page, refused = page_text(client.get(url_of("payment", payment.pk))), send(client, payment)
    send(client, payment, "0799 000 111")

    assert "Send the prompt to another number." in page
    assert "Send the prompt to another number." in refused
    assert [each.phone for each in MpesaPayment.objects.order_by("pk")] == [ANOTHER.msisdn, "254799000111"]


def test_prompt_asks_for_the_balance_after_a_part_payment() -> None:
    payment, client = states.part_paid(), staff_client("act_on_payment")
    balance = row(payment.mpesa_order.order).balance

    page = page_text(client.get(url_of("payment", payment.pk)))
    send(client, payment)

    assert balance is not None
    assert f"The prompt is for the balance of KSh {balance:,.0f}." in page
    assert MpesaPayment.objects.latest("pk").amount == balance


def test_refused_prompt_says_why_in_place_of_the_button() -> None:
    payment = states.enter_pin()

    page = page_text(staff_client("act_on_payment").get(url_of("payment", payment.pk)))

    assert "No prompt can be sent. A prompt is already on the phone. Answer it there first." in page
    assert "Send a prompt" not in page
