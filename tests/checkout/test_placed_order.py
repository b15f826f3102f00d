"""The way back into the checkout after an M-PESA order was placed: it leads to the payment page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from oscar_mpesa.models import MpesaOrder, MpesaPayment
from tests.checkout import shop_checkouts as shops
from tests.shop import new_product
from tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)

#: The pages of the checkout, and what leads to them.
PAGES = (
    "checkout:index",
    "checkout:shipping-address",
    "checkout:shipping-method",
    "checkout:payment-method",
    "checkout:payment-details",
    "checkout:mpesa-phone",
    "checkout:preview",
)


@pytest.fixture
def shopper() -> Shopper:
    return Shopper()


def _landing(shopper: Shopper, name: str) -> str:
    """Return the path where a GET of this page ends."""
    return str(shopper.client.get(reverse(name), follow=True).redirect_chain[-1][0])


@pytest.mark.parametrize("name", PAGES)
def test_every_checkout_page_leads_to_the_placed_order(shopper: Shopper, name: str) -> None:
    placed = shopper.buys(new_product())

    assert _landing(shopper, name) == placed["Location"]


def test_preview_leads_to_the_paid_page_after_the_thank_you_page(shopper: Shopper) -> None:
    placed = shopper.buys(new_product())
    payment = MpesaPayment.objects.get()
    moment = timezone.now() - timedelta(seconds=6)
    MpesaPayment.objects.update(push_sent_at=moment, created_at=moment)
    shopper.client.get(placed["Location"])
    thanks = shopper.client.post(reverse("checkout:mpesa-done", args=[payment.mpesa_order.public_id]))

    back = shopper.client.get(reverse("checkout:preview"))
    posted_again = shopper.places_order()

    assert thanks["Location"] == reverse("checkout:thank-you")
    assert (back["Location"], posted_again["Location"]) == (placed["Location"], placed["Location"])


def test_new_basket_is_not_disturbed(shopper: Shopper) -> None:
    shopper.buys(new_product())

    shopper.puts_in_basket(new_product(title="Kanga")).gives_address()
    chooser = shopper.client.get(reverse("checkout:payment-method"))

    assert chooser.status_code == 200
    assert 'id="method-mpesa"' in chooser.content.decode()


def test_empty_basket_of_others_leads_to_the_basket_page(shopper: Shopper) -> None:
    shopper.buys(new_product())
    other = Shopper()

    assert _landing(other, "checkout:preview") == reverse("basket:summary")
    assert "/checkout/mpesa/" in _landing(shopper, "checkout:preview")


def test_order_of_two_days_ago_does_not_count(shopper: Shopper) -> None:
    shopper.buys(new_product())
    MpesaOrder.objects.update(created_at=timezone.now() - timedelta(days=2))

    assert _landing(shopper, "checkout:preview") == reverse("basket:summary")


def test_later_order_of_another_method_hides_the_placed_one(shopper: Shopper) -> None:
    shopper.buys(new_product())
    shopper.puts_in_basket(new_product(title="Kanga")).gives_address()
    shopper.chooses("cod")
    by_cash = shopper.places_order()
    landing = _landing(shopper, "checkout:preview")

    shopper.puts_in_basket(new_product(title="Kikoi")).gives_address()
    shopper.chooses("mpesa")
    shopper.names_phone("0712345678")
    by_mpesa = shopper.places_order()

    assert (by_cash["Location"], landing) == (reverse("checkout:thank-you"), reverse("basket:summary"))
    assert _landing(shopper, "checkout:preview") == by_mpesa["Location"]


def test_back_works_behind_a_guard_of_the_shop(
    shopper: Shopper, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    shops.use_checkout(monkeypatch, settings, shops.NeedsCard)

    placed = shopper.buys(new_product())

    assert "/checkout/mpesa/" in placed["Location"]
    assert _landing(shopper, "checkout:preview") == placed["Location"]
