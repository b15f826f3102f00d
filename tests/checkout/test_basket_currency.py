"""Baskets that were filled before the shop changed its currency to shillings."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from oscar.core.loading import get_class, get_model

from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.oscar_adapter.basket_currency import use_shillings
from tests.shop import new_product
from tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)

Line = get_model("basket", "Line")
Selector = get_class("partner.strategy", "Selector")
TEXT = "Our prices are in Kenya shillings now."


@pytest.fixture
def shopper(settings: Any) -> Shopper:
    """Return a shopper with a basket of 15 pounds, in a shop that has just changed to shillings."""
    settings.OSCAR_DEFAULT_CURRENCY = "GBP"
    product = new_product(price="15.00")
    product.stockrecords.update(price_currency="GBP")
    shopper = Shopper().puts_in_basket(product).gives_address()
    settings.OSCAR_DEFAULT_CURRENCY = "KES"
    product.stockrecords.update(price_currency="KES", price="1500.00")
    return shopper


def test_old_basket_is_offered_mpesa_in_shillings(shopper: Shopper) -> None:
    before = Line.objects.get().price_currency

    page = shopper.client.get(reverse("checkout:payment-method")).content.decode()
    again = shopper.client.get(reverse("checkout:payment-method")).content.decode()

    line = Line.objects.get()
    assert before == "GBP"
    assert 'value="mpesa"' in page and "KSh 1,500" in page
    assert (TEXT in page, TEXT in again) == (True, False)
    assert (line.price_currency, line.price_excl_tax) == ("KES", 1500)


def test_old_basket_is_paid_in_shillings(shopper: Shopper) -> None:
    shopper.chooses("mpesa")
    shopper.names_phone("0708374149")

    shopper.places_order()

    assert (shopper.order().currency, shopper.order().total_incl_tax) == ("KES", 1500)
    assert MpesaPayment.objects.get().amount == 1500


def test_currency_that_changes_after_the_phone_step_is_no_obstacle(settings: Any) -> None:
    product = new_product(price="1500.00")
    shopper = Shopper().puts_in_basket(product).gives_address()
    shopper.chooses("mpesa")
    shopper.names_phone("0708374149")
    Line.objects.update(price_currency="GBP")

    preview = shopper.client.get(reverse("checkout:preview")).content.decode()
    shopper.places_order()

    assert TEXT in preview
    assert (shopper.order().currency, MpesaPayment.objects.get().amount) == ("KES", 1500)


def test_other_method_takes_the_old_basket_in_shillings_too(shopper: Shopper) -> None:
    shopper.chooses("cod")

    shopper.places_order()

    assert (shopper.order().currency, shopper.order().total_incl_tax) == ("KES", 1500)
    assert not MpesaPayment.objects.exists()


@pytest.mark.parametrize("today", ["EUR", "no price", "KES"])
def test_basket_changes_only_if_all_its_prices_are_in_shillings(shopper: Shopper, today: str) -> None:
    other = new_product()
    Line.objects.update(price_currency="KES")  # Oscar adds no other currency
    shopper.puts_in_basket(other)
    Line.objects.exclude(product=other).update(price_currency="GBP")
    changed: dict[str, Any] = {"price": None} if today == "no price" else {"price_currency": today}
    other.stockrecords.update(**changed)
    basket = get_model("basket", "Basket").objects.get()
    basket.strategy = Selector().strategy()

    is_changed = use_shillings(basket)

    assert is_changed is (today == "KES")
    assert set(Line.objects.values_list("price_currency", flat=True)) == ({"KES"} if is_changed else {"GBP", "KES"})


def test_basket_in_another_currency_is_not_offered_mpesa(shopper: Shopper) -> None:
    get_model("partner", "StockRecord").objects.update(price_currency="EUR")

    answer = shopper.client.get(reverse("checkout:payment-method"))

    assert answer["Location"] == reverse("checkout:preview")
    assert Line.objects.get().price_currency == "GBP"


def test_mpesa_takes_no_price_that_is_in_dollars_by_now() -> None:
    shopper = Shopper()
    shopper.puts_in_basket(new_product()).gives_address()
    shopper.chooses("mpesa")
    shopper.names_phone("0708374149")
    records = get_model("partner", "StockRecord").objects

    records.update(price_currency="USD", price=9)
    refused, placed_early = shopper.places_order(), shopper.order()
    rechosen = shopper.chooses("mpesa")
    records.update(price_currency="KES", price=1500)
    chosen = shopper.chooses("mpesa")

    assert (refused["Location"], placed_early) == (reverse("checkout:payment-method"), None)
    assert rechosen.get("Location") != reverse("checkout:payment-details")
    assert chosen["Location"] == reverse("checkout:payment-details")
