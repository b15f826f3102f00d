"""Order numbers as other shops have them: with slashes, or 38 characters long."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaOrder, MpesaPayment
from oscar_mpesa.services.order_closure import close_order
from tests.api.client import holding
from tests.dashboard.staff import ALL, VIEW, url_of
from tests.shop import failure, new_order, new_product, new_staff_user, pay, post
from tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)

NUMBERS = ["2026/000123", "2026/11/30-A/0001", f"{'7F' * 16}-00123", "ŽUPA 12/#3"]


def numbered(order: Any, number: str) -> Any:
    """Give an order the number of another shop's generator."""
    type(order).objects.filter(pk=order.pk).update(number=number)
    return get_model("order", "Order").objects.get(pk=order.pk)


@pytest.mark.parametrize("number", NUMBERS)
def test_shopper_pays_an_order_of_any_number(number: str) -> None:
    shopper = Shopper()
    page = shopper.buys(new_product())["Location"]
    order = numbered(shopper.order(), number)
    waiting = shopper.client.get(page)

    pay(MpesaPayment.objects.get())
    paid, basket = shopper.client.get(page), shopper.client.get(reverse("basket:summary"))
    done = shopper.client.post(reverse("checkout:mpesa-done", args=[order.mpesa.public_id]))

    assert [response.status_code for response in (waiting, paid, basket)] == [200, 200, 200]
    assert "Thank you" in paid.content.decode()
    assert done["Location"] == reverse("checkout:thank-you")
    (confirmation,) = mail.outbox
    assert number in confirmation.subject
    assert "OD123ABC45" in confirmation.body


@pytest.mark.parametrize("number", NUMBERS)
def test_emails_about_an_unpaid_order_of_any_number_are_sent(number: str) -> None:
    shopper = Shopper()
    shopper.buys(new_product())
    order, payment = numbered(shopper.order(), number), MpesaPayment.objects.get()
    staff = new_staff_user("close_order")

    post(payment, failure(payment))
    shopper.client.post(reverse("checkout:mpesa-pay-later", args=[order.mpesa.public_id]))
    close_order(order, by=staff, note="The customer called", now=payment.created_at)

    messages = MpesaOrder.objects.get().outbox_messages.all()
    assert {message.error for message in messages} == {""}
    assert len(mail.outbox) >= 2
    assert all(number in f"{message.subject} {message.body}" for message in mail.outbox)


@pytest.mark.parametrize("number", NUMBERS)
def test_api_pays_an_order_of_any_number(number: str) -> None:
    order = numbered(new_order(), number)
    app = holding(order)

    started = app.initiates(order.pk)
    checked = app.checks(started.json()["payment_id"])

    assert (started.status_code, checked.status_code) == (200, 200)


@pytest.mark.parametrize("number", NUMBERS)
def test_staff_find_and_export_an_order_of_any_number(number: str) -> None:
    order, clerk, client = (
        numbered(new_order(), number),
        new_staff_user(VIEW, *ALL, "export_payments", "view_turnover", "record_claim"),
        Client(),
    )
    payment = pay(MpesaPayment.objects.get(pk=holding(order).initiates(order.pk).json()["payment_id"]))
    client.force_login(clerk)

    found = [client.get(url_of("payments"), {"q": term}).content.decode() for term in (number, f"#{number}")]
    money = client.get(url_of("receipts"), {"order": number, "status": ""}).content.decode()
    record = client.get(url_of("record"), {"order": number})
    export: Any = client.get(url_of("payments-export"))

    assert all(f"payments/{payment.pk}/" in page for page in found)
    assert "OD123ABC45" in money
    assert record.status_code == 200
    assert number in b"".join(export.streaming_content).decode("utf-8-sig")
    assert "/" not in export["Content-Disposition"].partition("filename")[2]
