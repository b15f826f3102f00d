"""Swahili pages of a purchase fit a phone, although the words are longer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.utils import translation

from tests.browser.shopper import PASSWORD, Person, five_seconds_pass

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def everything_of_a_purchase(guest: Person) -> Iterator[str]:
    """Go through it; a name for each page on the way."""
    guest.fills_basket()
    yield "added"
    guest.goes("catalogue/nyeri-aa-coffee-beans-500-g_1/")
    yield "product"
    guest.goes("basket/")
    yield "basket"
    guest.goes("checkout/")
    yield "gateway"
    guest.goes_to_payment()
    yield "methods"
    guest.chooses("mpesa")
    yield "phone"
    guest.names_phone("0708374149")
    yield "preview"
    guest.places_order()
    guest.sees("enter-pin")
    yield "waiting"
    five_seconds_pass()
    guest.sees("paid")
    yield "paid"
    guest.page.get_by_text("Angalia oda yako").click()
    guest.page.wait_for_url("**/thank-you/**")
    yield "thank-you"
    guest.page.get_by_text("Ona hali ya oda").click()
    yield "status"


def test_every_page_of_a_purchase_fits_a_phone(new_person: Callable[..., Person]) -> None:
    guest = new_person(language="sw")

    wide = []
    for page in everything_of_a_purchase(guest):
        guest.looks(page)
        if not guest.fits():
            wide.append(page)

    assert wide == []


def test_order_pages_fit_a_phone(new_person: Callable[..., Person]) -> None:
    shopper = new_person(language="sw").signs_in("shopper@example.com", PASSWORD)
    shopper.page.wait_for_selector("#logout_link")
    shopper.fills_basket().goes("checkout/")
    shopper.page.locator("button[type=submit]", has_text="Peleka").first.click()
    shopper.page.locator("form button[type=submit]").first.click()
    shopper.chooses("cod").places_order()

    shopper.goes("accounts/orders/")
    orders, orders_fit = shopper.looks("orders"), shopper.fits()
    shopper.page.locator("td a").first.click()
    order, order_fits = shopper.looks("order"), shopper.fits()

    with translation.override("sw"):
        assert translation.gettext("Order number") in orders
        assert translation.gettext("Pending") in order
    assert (orders_fit, order_fits) == (True, True)
