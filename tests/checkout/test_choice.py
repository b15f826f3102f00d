"""When the checkout offers M-PESA, and what happens if it stops while M-PESA is chosen."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaPayment
from tests.shop import new_product
from tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)

Basket = get_model("basket", "Basket")


@pytest.fixture
def shopper() -> Shopper:
    return Shopper()


def test_cash_on_delivery_after_choosing_mpesa_sends_no_prompt(shopper: Shopper) -> None:
    shopper.puts_in_basket(new_product()).gives_address()
    shopper.chooses("mpesa")
    shopper.names_phone("0708374149")
    shopper.chooses("cod")

    shopper.places_order()

    assert shopper.order().status == "Pending"
    assert not MpesaPayment.objects.exists()


@pytest.mark.parametrize("price", ["250000.01", "0.40"], ids=["above the limit", "below a shilling"])
def test_total_outside_the_limits_is_not_offered_mpesa(shopper: Shopper, price: str) -> None:
    shopper.puts_in_basket(new_product(price=price)).gives_address()

    answer = shopper.chooses("mpesa")
    shopper.places_order()

    assert answer.status_code in {302, 422}
    assert not MpesaPayment.objects.exists()


def test_total_above_the_limit_returns_to_the_methods(shopper: Shopper) -> None:
    product = new_product(price="200000.00")
    shopper.puts_in_basket(product).gives_address()
    shopper.chooses("mpesa")
    shopper.names_phone("0708374149")
    shopper.puts_in_basket(product)

    answer = shopper.places_order()

    assert answer["Location"] == reverse("checkout:payment-method")
    assert shopper.order() is None


@pytest.mark.parametrize("obstacle", ["the total grew", "switched off", "not offered to this person"])
def test_shopper_can_choose_another_method_once_mpesa_is_impossible(
    shopper: Shopper, settings: Any, obstacle: str
) -> None:
    product = new_product(price="200000.00")
    shopper.puts_in_basket(product).gives_address()
    shopper.chooses("mpesa")
    shopper.names_phone("0708374149")
    if obstacle == "the total grew":
        shopper.puts_in_basket(product)
    else:
        offer_to = "nobody" if obstacle == "switched off" else "staff"
        settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "AVAILABLE_TO": offer_to}

    led_back = shopper.places_order()
    page = shopper.client.get(led_back["Location"])
    placed = shopper.places_order()

    assert led_back["Location"] == reverse("checkout:payment-method")
    assert page["Location"] == reverse("checkout:preview")
    assert placed["Location"] == reverse("checkout:thank-you")
    assert not MpesaPayment.objects.exists()


def test_shop_without_other_methods_clears_an_impossible_choice(
    shopper: Shopper, settings: Any, mpesa_only: None
) -> None:
    shopper.puts_in_basket(new_product()).gives_address()
    shopper.chooses("mpesa")
    settings.OSCAR_MPESA = {"TEST_MODE": True, "WAKE": settings.OSCAR_MPESA["WAKE"], "AVAILABLE_TO": "nobody"}

    answer = shopper.client.get(reverse("checkout:payment-method"))

    assert answer["Location"] == reverse("checkout:payment-details")
    assert shopper.client.session["checkout_data"]["payment"]["method"] is None


def test_chooser_lists_mpesa_with_amount_and_other_methods(shopper: Shopper) -> None:
    shopper.puts_in_basket(new_product(price="1499.50")).gives_address()

    page = shopper.client.get(reverse("checkout:payment-method")).content.decode()

    assert 'value="mpesa"' in page
    assert "KSh 1,500" in page
    assert 'value="cod"' in page


def test_basket_in_euros_is_not_offered_mpesa(shopper: Shopper) -> None:
    product = new_product()
    product.stockrecords.update(price_currency="EUR")
    shopper.puts_in_basket(product).gives_address()

    page = shopper.chooses("mpesa")

    assert page.status_code == 422


def test_free_order_is_placed_without_a_payment(shopper: Shopper) -> None:
    product = new_product()
    shopper.puts_in_basket(product).gives_address()
    shopper.chooses("mpesa")
    product.stockrecords.update(price=0)

    preview = shopper.client.get(reverse("checkout:payment-details"), follow=True)
    answer = shopper.places_order()

    assert preview.status_code == 200
    assert answer["Location"] == reverse("checkout:thank-you")
    assert not MpesaPayment.objects.exists()
    assert shopper.order().status == "Pending"


def test_preview_is_not_cached_by_browsers(shopper: Shopper) -> None:
    shopper.puts_in_basket(new_product()).gives_address()
    shopper.chooses("mpesa")
    shopper.names_phone("0708374149")

    preview = shopper.client.get(reverse("checkout:preview"))
    shopper.chooses("cod")

    assert "no-store" in preview["Cache-Control"]
    assert "Cache-Control" not in shopper.client.get(reverse("checkout:preview"))


def test_preview_without_a_phone_returns_to_the_phone_step(shopper: Shopper) -> None:
    shopper.puts_in_basket(new_product()).gives_address()
    shopper.chooses("mpesa")

    preview = shopper.client.get(reverse("checkout:preview"))
    placed = shopper.places_order()

    assert preview["Location"] == placed["Location"] == reverse("checkout:payment-details")
    assert shopper.order() is None


def test_shop_with_mpesa_only_skips_the_chooser(shopper: Shopper, settings: Any, mpesa_only: None) -> None:
    settings.OSCAR_MPESA = {"TEST_MODE": True, "WAKE": settings.OSCAR_MPESA["WAKE"]}
    shopper.puts_in_basket(new_product()).gives_address()

    answer = shopper.client.get(reverse("checkout:payment-method"))

    assert answer["Location"] == reverse("checkout:payment-details")
    assert "M-PESA phone number" in shopper.client.get(answer["Location"]).content.decode()


def test_mpesa_for_staff_only_is_hidden_from_others(shopper: Shopper, settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "AVAILABLE_TO": "staff"}
    shopper.puts_in_basket(new_product()).gives_address()

    answer = shopper.client.get(reverse("checkout:payment-method"))

    assert answer["Location"] == reverse("checkout:preview")
    assert shopper.chooses("mpesa").status_code == 422
