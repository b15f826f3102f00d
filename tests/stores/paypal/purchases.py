"""PayPal's view that places the order is built on the shop's own payment view, with or without our mixin in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import reverse
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaOrder, MpesaPayment
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.testing import ScriptedTransport
from tests.services.daraja_replies import CREDENTIALS
from tests.shop import new_product
from tests.shopper import Shopper
from tests.stores import gateway
from tests.stores.shopper_walk import Page, Walk

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def wire(settings: Any) -> Iterator[ScriptedTransport]:
    gateway.charged.clear()
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, **CREDENTIALS}
    transport = ScriptedTransport([])
    with replaced_transport(transport):
        yield transport


@pytest.fixture
def walk() -> Walk:
    """Return a shopper who chose M-PESA for KSh 1,499.50, entered a number, and saw the preview."""
    shopper = Shopper()
    shopper.puts_in_basket(new_product(price="1499.50")).gives_address()
    shopper.chooses("mpesa")
    shopper.names_phone("0708374149")
    assert b"1,500.00" in shopper.client.get(reverse("checkout:preview")).content
    return Walk(client=shopper.client)


def is_paypals_preview(page: Page) -> bool:
    return "PayPal has your address" in page.html


@pytest.mark.parametrize("button", ["paypal-redirect", "paypal-direct-payment"])
def test_paypal_sells_after_mpesa_was_chosen(walk: Walk, wire: ScriptedTransport, button: str) -> None:
    preview = walk.goes_on(walk.open(reverse(button)), "paypal", until=is_paypals_preview)

    walk.goes_on(preview, "paypal", until=lambda page: page.is_thank_you)

    order = get_model("order", "Order").objects.get()
    assert "PayPal will be charged 1499.50." in preview.html
    assert "M-PESA" not in preview.html
    assert gateway.charged == [(order.number, order.total_incl_tax)]
    assert (str(order.total_incl_tax), order.status, order.surcharges.count()) == ("1499.50", "New", 0)
    assert order.sources.get().source_type.name == "PayPal"
    assert wire.sent("push") == []
    assert not MpesaOrder.objects.exists() and not MpesaPayment.objects.exists()


def test_cancelling_at_paypal_returns_to_mpesa(walk: Walk, wire: ScriptedTransport) -> None:
    page = walk.open(reverse("paypal-redirect"))

    basket = walk.open(next(url for url, _, text in page.links if text == "Cancel"))
    preview = walk.open(reverse("checkout:preview"))

    assert "Kiondo" in basket.html
    assert (preview.url, preview.status) == (reverse("checkout:preview"), 200)
    assert "0708" in preview.html
