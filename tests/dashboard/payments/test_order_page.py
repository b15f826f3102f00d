"""Staff ask for the money of an order that never had a prompt, such as an order by phone."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from oscar.core.loading import get_model
from oscar.test.factories import OrderFactory, ShippingAddressFactory

from oscar_mpesa.models import MpesaOrder, MpesaPayment
from tests.dashboard.staff import VIEW, page_text, staff_client, url_of
from tests.services.money import row
from tests.shop import allow_order_pages, failure, new_order, new_payment, new_staff_user, pay, post

pytestmark = pytest.mark.django_db

Source = get_model("payment", "Source")
SourceType = get_model("payment", "SourceType")


def phone_order(*, status: str = "Being processed", phone: str = "+254712345678") -> Any:
    """Return an order that was placed with another payment method, with a delivery phone."""
    order = new_order(status=status)
    order.shipping_address = ShippingAddressFactory(phone_number=phone)
    order.save()
    return order


def send(client: Client, order: Any, **fields: str) -> str:
    return page_text(client.post(url_of("order-send-prompt", order.pk), {"newest": "", **fields}, follow=True))


def test_prompt_goes_to_the_delivery_phone_and_enrolls_the_order() -> None:
    order, client = phone_order(), staff_client("act_on_payment")

    page = page_text(client.get(url_of("order", order.pk)))
    text = send(client, order)

    payment, mpesa_order = MpesaPayment.objects.get(), row(order)
    assert "Send the prompt to 0712 •••678" in page
    assert "A new prompt is on its way to the phone." in text
    assert (payment.phone, payment.amount, payment.mpesa_order_id) == ("254712345678", 1500, order.pk)
    assert (mpesa_order.is_enrolled, mpesa_order.close_check_at) == (True, None)


def test_money_of_the_prompt_pays_the_order_and_keeps_its_status() -> None:
    order = phone_order()
    send(staff_client("act_on_payment"), order, **{"prompt-number": "0708374149"})

    pay(MpesaPayment.objects.get())

    order.refresh_from_db()
    assert row(order).is_paid
    assert order.status == "Being processed"


def test_staff_can_send_again_after_a_failed_prompt() -> None:
    order, client = phone_order(), staff_client("act_on_payment")
    send(client, order)
    payment = MpesaPayment.objects.get()
    post(payment, failure(payment, code=1032), now=payment.created_at)

    page = page_text(client.get(url_of("payment", payment.pk)))

    assert "Not paid." in page
    assert "Otherwise we can send the prompt again." in page
    assert "Send the prompt to 0712 •••678" in page


def test_what_another_method_took_is_not_asked_again() -> None:
    order, client = phone_order(), staff_client("act_on_payment")
    bank = SourceType.objects.create(name="Bank transfer")
    source = Source.objects.create(order=order, source_type=bank, currency="KES", amount_debited=Decimal(1000))

    page = page_text(client.get(url_of("order", order.pk)))
    Source.objects.filter(pk=source.pk).update(amount_debited=Decimal(1500))
    refused = send(client, order)

    assert "The prompt is for the balance of KSh 500. KSh 1,000 has arrived." in page
    assert "A new prompt" not in refused
    assert not MpesaPayment.objects.exists()


@pytest.mark.parametrize("status", ["Cancelled", "Payment expired"])
def test_ended_order_gets_no_prompt(status: str, settings: Any) -> None:
    order, client = phone_order(), staff_client("act_on_payment")
    before = page_text(client.get(url_of("order", order.pk)))
    order.__class__.objects.update(status=status)

    page, refused = page_text(client.get(url_of("order", order.pk))), send(client, order)

    assert "Send a prompt" in before
    assert "No prompt can be sent. This order isn't waiting for a payment." in page
    assert "This order isn't waiting for a payment." in refused
    assert not MpesaOrder.objects.exists()


def test_second_click_sends_one_prompt() -> None:
    order, client = phone_order(), staff_client("act_on_payment")

    send(client, order)
    text = send(client, order)

    assert "Nothing more was sent." in text
    assert MpesaPayment.objects.count() == 1


def test_order_with_payments_is_shown_on_the_newest_payments_page() -> None:
    payment = new_payment()

    answer = staff_client().get(url_of("order", payment.mpesa_order_id))

    assert (answer.status_code, answer["Location"]) == (302, url_of("payment", payment.pk))


def test_order_without_mpesa_is_for_staff_who_may_act_or_see_orders() -> None:
    order = phone_order()

    assert staff_client().get(url_of("order", order.pk)).status_code == 403
    assert staff_client("act_on_payment").get(url_of("order", order.pk)).status_code == 200
    assert staff_client("act_on_payment").get(url_of("order", 10**6)).status_code == 404


def test_oscars_order_page_links_to_the_prompt_while_money_is_owed() -> None:
    clerk, client = new_staff_user(VIEW, "act_on_payment"), Client()
    allow_order_pages(clerk)
    client.force_login(clerk)
    owing, foreign = phone_order(), OrderFactory(currency="EUR")

    shown = client.get(reverse("dashboard:order-detail", args=[owing.number])).content.decode()
    hidden = client.get(reverse("dashboard:order-detail", args=[foreign.number])).content.decode()

    assert f'href="{url_of("order", owing.pk)}"' in shown
    assert "Ask for payment by M-PESA" not in hidden
    assert foreign.number in hidden
