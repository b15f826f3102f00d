"""What is different where each user has a UUID and guests cannot order."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.test import Client
from django.urls import reverse

from oscar_mpesa.models import MpesaBlockedPhone, MpesaOrder, MpesaPayment
from tests.pay_links import link_to
from tests.shop import new_product, post, success
from tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shopper() -> Shopper:
    user = get_user_model().objects.create_user("wanjiru@example.com", "a long passphrase")
    someone = Shopper().signs_in(user)
    someone.puts_in_basket(new_product()).gives_address()
    someone.client.post(reverse("checkout:payment-method"), {"pay_with": "mpesa"})
    someone.names_phone("0708374149")
    someone.places_order()
    return someone


def test_member_pays_and_finds_the_order_in_the_history(shopper: Shopper) -> None:
    payment, order = MpesaPayment.objects.get(), shopper.order()
    unpaid = shopper.client.get(reverse("customer:order-list")).content.decode()

    post(payment, success(payment))

    order.refresh_from_db()
    assert isinstance(order.user_id, uuid.UUID)
    assert (order.status, [message.to for message in mail.outbox]) == ("New", [["wanjiru@example.com"]])
    assert reverse("checkout:mpesa-payment", args=[payment.mpesa_order.public_id]) in unpaid
    assert shopper.client.get(reverse("customer:order", args=[order.number])).status_code == 200


def test_payer_opens_the_link_without_an_account(shopper: Shopper) -> None:
    link = link_to(MpesaPayment.objects.get())

    page = Client().get(reverse("checkout:mpesa-pay-link", args=[link.token]), follow=True)
    checkout = Client().get(reverse("checkout:payment-details"))

    assert page.status_code == 200
    assert "M-PESA" in page.content.decode() and "1,500" in page.content.decode()
    assert "/accounts/login/" in checkout["Location"]


def test_other_members_see_neither_order_nor_payment(shopper: Shopper) -> None:
    another = Client()
    another.force_login(get_user_model().objects.create_user("barasa@example.com", "a long passphrase"))
    url = reverse("checkout:mpesa-payment", args=[MpesaOrder.objects.get().public_id])

    assert another.get(url).status_code == 404
    assert shopper.client.get(url).status_code == 200


def test_staff_member_is_named_for_what_she_did(shopper: Shopper) -> None:
    admin: Any = get_user_model().objects.create_superuser("achieng@example.com", "a long passphrase")
    staff, payment = Client(), MpesaPayment.objects.get()
    staff.force_login(admin)
    pages = ["mpesa-overview", "mpesa-payments", "mpesa-receipts", "mpesa-blocked-phones"]

    answer = staff.post(reverse("dashboard:mpesa-payment-block-phone", args=[payment.pk]), {"block-note": "she called"})

    blocked = MpesaBlockedPhone.objects.get()
    assert answer.status_code == 302
    assert blocked.by == admin
    assert [staff.get(reverse(f"dashboard:{name}")).status_code for name in pages] == [200] * 4
