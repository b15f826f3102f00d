"""Cents are rounded in shillings only, and dollars are paid by card."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaOrder, MpesaPayment
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.testing import ScriptedTransport
from tests.services.daraja_replies import ACCEPTED, CREDENTIALS
from tests.shop import new_product
from tests.shopper import Shopper
from tests.stores import gateway
from tests.stores.shopper_walk import Walk

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def wire(settings: Any) -> Iterator[ScriptedTransport]:
    gateway.charged.clear()
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, **CREDENTIALS}
    transport = ScriptedTransport({"push": [ACCEPTED]})
    with replaced_transport(transport):
        yield transport


def shopper_with(currency: str) -> Shopper:
    """Return a shopper with a product that costs KSh 1,500 or $ 12, before the tax."""
    product = new_product()
    american = get_model("partner", "Partner").objects.create(name="American", code="american")
    record = {"partner": american, "partner_sku": "us", "price": Decimal("12.00"), "num_in_stock": 5}
    product.stockrecords.create(price_currency="USD", **record)
    someone = Shopper()
    someone.client.cookies["currency"] = currency
    return someone.puts_in_basket(product).gives_address()


def test_rounding_shows_before_the_shopper_pays(wire: ScriptedTransport) -> None:
    shopper = shopper_with("KES")
    shopper.chooses("mpesa")
    shopper.names_phone("0708374149")

    preview = shopper.client.get(reverse("checkout:preview")).content.decode()
    shopper.places_order()

    order = shopper.order()
    assert "1,634.00" in preview and "0.88" in preview
    assert (order.currency, order.total_excl_tax, order.total_incl_tax) == (
        "KES",
        Decimal("1500.88"),
        Decimal("1634.00"),
    )
    assert [surcharge.incl_tax for surcharge in order.surcharges.all()] == [Decimal("0.88")]
    assert wire.sent("push")[0]["Amount"] == 1634


def test_dollars_go_by_card_and_mpesa_is_not_offered(wire: ScriptedTransport) -> None:
    shopper = shopper_with("USD")
    walk = Walk(client=shopper.client)
    page = walk.open(reverse("checkout:payment-method"))

    walk.goes_on(page, "card", until=lambda each: each.is_thank_you)

    order = shopper.order()
    assert page.url == reverse("checkout:payment-details")
    assert "M-PESA" not in page.html
    assert (order.currency, order.total_incl_tax, order.surcharges.count()) == ("USD", Decimal("13.06"), 0)
    assert gateway.charged == [(order.number, Decimal("13.06"))]
    assert wire.sent("push") == []
    assert not MpesaOrder.objects.exists() and not MpesaPayment.objects.exists()


def test_choice_of_mpesa_ends_when_the_basket_is_in_dollars(wire: ScriptedTransport) -> None:
    shopper = shopper_with("KES")
    shopper.chooses("mpesa")
    shopper.names_phone("0708374149")
    shopper.client.cookies["currency"] = "USD"
    get_model("basket", "Basket").objects.all().delete()
    shopper.puts_in_basket(get_model("catalogue", "Product").objects.get()).gives_address()

    page = Walk(client=shopper.client).open(reverse("checkout:preview"))

    assert page.url in {reverse("checkout:payment-details"), reverse("checkout:payment-method")}
    shopper.places_order()
    assert shopper.order() is None
    assert wire.sent("push") == []
    assert not MpesaPayment.objects.exists()
