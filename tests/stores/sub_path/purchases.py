"""Our pages work with order numbers that Oscar's own dashboard cannot show, below a path, on the site of the order."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sites.models import Site
from django.core import mail
from django.core.management import call_command
from django.urls import reverse

from oscar_mpesa.models import MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.testing import ScriptedTransport
from tests.pay_links import link_to
from tests.services.daraja_replies import ACCEPTED, CREDENTIALS
from tests.shop import new_payment, new_product, post, success
from tests.shopper import Shopper
from tests.stores.shop_client import ShopClient

pytestmark = pytest.mark.django_db(transaction=True)

LISTS = ["overview", "payments", "payments-export", "receipts", "receipts-export", "month", "callbacks", "setup"]


@pytest.fixture(autouse=True)
def sites() -> None:
    Site.objects.get_or_create(domain="another.example.com", defaults={"name": "Another shop"})
    Site.objects.get_or_create(domain="testserver", defaults={"name": "This shop"})


@pytest.fixture
def shopper() -> Shopper:
    someone = Shopper(ShopClient())
    someone.puts_in_basket(new_product()).gives_address()
    someone.client.post(reverse("checkout:payment-method"), {"pay_with": "mpesa"})
    someone.names_phone("0708374149")
    someone.places_order()
    return someone


def test_pages_of_the_order_work_with_slashes(shopper: Shopper) -> None:
    payment, order = MpesaPayment.objects.get(), shopper.order()
    url = reverse("checkout:mpesa-payment", args=[payment.mpesa_order.public_id])
    waiting = shopper.client.get(url)
    link = ShopClient().get(reverse("checkout:mpesa-pay-link", args=[link_to(payment).token]), follow=True)

    post(payment, success(payment))
    paid = shopper.client.get(url).content.decode()

    assert (len(order.number), order.number.count("/"), url[:6]) == (38, 2, "/duka/")
    assert (waiting.status_code, link.status_code) == (200, 200)
    assert order.number in paid and "OD123ABC45" in paid
    assert order.number in f"{mail.outbox[0].subject}{mail.outbox[0].body}"


def test_dashboard_shows_what_was_paid(shopper: Shopper) -> None:
    payment, staff = MpesaPayment.objects.get(), ShopClient()
    post(payment, success(payment))
    staff.force_login(get_user_model().objects.create_superuser("achieng", "achieng@example.com", "a long passphrase"))
    pages = [reverse(f"dashboard:mpesa-{name}") for name in LISTS]
    pages += [reverse("dashboard:mpesa-payment", args=[payment.pk])]
    pages += [reverse("dashboard:mpesa-receipt", args=[MpesaReceipt.objects.get().pk])]

    answers = {url: staff.get(url) for url in pages}

    assert {url: answer.status_code for url, answer in answers.items()} == dict.fromkeys(pages, 200)
    assert shopper.order().number in answers[reverse("dashboard:mpesa-payments")].content.decode()


def test_push_names_a_reference_that_fits(settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, **CREDENTIALS}
    wire = ScriptedTransport({"push": [ACCEPTED]})
    someone = Shopper(ShopClient())
    someone.puts_in_basket(new_product()).gives_address()
    someone.client.post(reverse("checkout:payment-method"), {"pay_with": "mpesa"})
    someone.names_phone("0708374149")

    with replaced_transport(wire):
        someone.places_order()

    reference = wire.sent("push")[0]["AccountReference"]
    assert 0 < len(reference) <= 12 and "/" not in reference
    assert MpesaOrder.objects.get().order.number == someone.order().number


def test_alerts_are_mailed_without_a_default_site(settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "ALERT_EMAILS": ("owner@example.com",)}
    payment = new_payment()
    post(payment, success(payment, amount=100))

    call_command("mpesa_reconcile", stdout=StringIO())

    alerts = [message for message in mail.outbox if message.to == ["owner@example.com"]]
    assert len(alerts) == 1
    assert "/duka/" in alerts[0].body
