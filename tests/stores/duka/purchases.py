"""What shoppers do in the shop, anywhere in ``INSTALLED_APPS``. ``tests/stores/test_duka.py`` runs this module."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.urls import reverse

from oscar_mpesa.models import MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.testing import ScriptedTransport
from tests.services.daraja_replies import ACCEPTED, CREDENTIALS
from tests.shop import new_product, post, success
from tests.shopper import Shopper
from tests.stores import gateway

pytestmark = pytest.mark.django_db(transaction=True)

CARD = "5555555555554444"


@pytest.fixture(autouse=True)
def _no_charges() -> Iterator[None]:
    gateway.charged.clear()
    yield
    gateway.charged.clear()


@pytest.fixture
def shopper() -> Shopper:
    someone = Shopper()
    someone.puts_in_basket(new_product()).gives_address()
    return someone


def choose(shopper: Shopper, method: str) -> Any:
    return shopper.client.post(reverse("checkout:payment-method"), {"pay_with": method})


def name_card(shopper: Shopper, number: str = CARD) -> str:
    page: str = shopper.client.post(reverse("checkout:preview"), {"number": number}).content.decode()
    return page


def pay_by_card(shopper: Shopper, number: str = CARD) -> Any:
    hidden = re.search(r'name="number"[^>]*value="(\d+)"|value="(\d+)"[^>]*name="number"', name_card(shopper, number))
    assert hidden is not None
    data = {"action": "place_order", "number": hidden.group(1) or hidden.group(2)}
    return shopper.client.post(reverse("checkout:preview"), data)


def test_manage_py_check_is_clean() -> None:
    output = StringIO()

    call_command("check", fail_level="WARNING", stdout=output)

    assert "no issues" in output.getvalue()


def test_shops_own_chooser_is_shown(shopper: Shopper) -> None:
    page = shopper.client.get(reverse("checkout:payment-method")).content.decode()

    assert "How will you pay at Duka?" in page
    assert "M-PESA" in page and "Card" in page


def test_mpesa_payment_is_recorded_as_a_source(shopper: Shopper) -> None:
    choose(shopper, "mpesa")
    shopper.names_phone("0708374149")
    page_url = shopper.places_order()["Location"]
    unpaid, mails = shopper.order().status, len(mail.outbox)
    payment = MpesaPayment.objects.get()

    post(payment, success(payment, number="OD123ABC45"))

    order, source = shopper.order(), shopper.order().sources.get()
    assert (unpaid, mails) == ("Pending payment", 0)
    assert order.status == "New"
    assert len(mail.outbox) == 1
    assert (source.source_type.code, source.reference, source.amount_debited) == ("mpesa", "OD123ABC45", 1500)
    assert "OD123ABC45" in shopper.client.get(page_url).content.decode()
    assert gateway.charged == []


def test_mpesa_sends_one_push_and_a_card_none(settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, **CREDENTIALS}
    by_mpesa, by_card, wire = Shopper(), Shopper(), ScriptedTransport([ACCEPTED])
    with replaced_transport(wire):
        for each in (by_mpesa, by_card):
            each.puts_in_basket(new_product()).gives_address()
            choose(each, "mpesa")
            each.names_phone("0708374149")
        choose(by_card, "card")

        by_mpesa.places_order()
        pay_by_card(by_card)

    assert len(wire.sent("push")) == 1
    assert len(gateway.charged) == 1


def test_pages_keep_the_shops_own_titles(shopper: Shopper) -> None:
    choose(shopper, "mpesa")
    step = shopper.client.get(reverse("checkout:payment-details")).content.decode()
    shopper.names_phone("0708374149")
    preview = shopper.client.get(reverse("checkout:preview")).content.decode()
    waiting = shopper.client.get(shopper.places_order()["Location"]).content.decode()

    assert all("Duka Halisi: honest goods since 1987" in page for page in (step, preview, waiting))
    assert "Is everything right?" in preview
    assert "Your card will be charged." not in preview
    assert "M-PESA phone number" in step


@pytest.mark.parametrize("mpesa_first", [False, True], ids=["at once", "after choosing M-PESA"])
def test_card_is_charged_and_no_prompt_is_sent(shopper: Shopper, mpesa_first: bool) -> None:
    if mpesa_first:
        choose(shopper, "mpesa")
        shopper.names_phone("0708374149")
        shopper.client.get(reverse("checkout:preview"))
    choose(shopper, "card")
    form = shopper.client.get(reverse("checkout:payment-details")).content.decode()

    answer = pay_by_card(shopper)

    assert "Your card, please" in form
    assert answer["Location"] == reverse("checkout:thank-you")
    order = shopper.order()
    assert order.status == "New"
    assert gateway.charged == [(order.number, order.total_incl_tax)]
    assert order.sources.get().source_type.code == "card"
    assert not MpesaOrder.objects.exists() and not MpesaPayment.objects.exists() and not MpesaReceipt.objects.exists()


def test_refused_card_returns_to_the_shops_own_form(shopper: Shopper) -> None:
    choose(shopper, "card")

    wrong = name_card(shopper, "1234")
    declined = pay_by_card(shopper, gateway.EMPTY_CARD).content.decode()

    assert "Please enter a valid credit card number." in wrong
    assert "The bank declined the card." in declined
    assert shopper.order() is None
