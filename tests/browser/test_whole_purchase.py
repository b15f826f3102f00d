"""No page of a whole purchase breaks WCAG 2.2 AA or axe's best practice, Oscar's own pages and the theme included."""

from __future__ import annotations

from typing import Any

import pytest
from oscar.core.loading import get_model

from tests.browser.axe import all_violations
from tests.browser.shopper import ADDRESS, PASSWORD, Person, five_seconds_pass

pytestmark = pytest.mark.browser


class Purchase:
    """A purchase that axe reads page by page, at 320, 360 and 1280 px."""

    def __init__(self, person: Person) -> None:
        self.person, self.page = person, person.page
        self.found: dict[str, list[str]] = {}

    def reads(self, name: str) -> Purchase:
        """Take what axe finds on the page that is open, also if it has no title or sticks out of a narrow phone."""
        self.found[name] = all_violations(self.page)
        titles = self.page.locator("h1").count()
        self.page.set_viewport_size({"width": 320, "height": 740})
        self.found[name] += [f"{titles} headings of level 1"] * (titles != 1)
        self.found[name] += ["at 320: wider than the window"] * (not self.person.fits())
        self.person.looks(name)
        return self

    def visits(self, name: str, path: str) -> Purchase:
        """Open a page and read it."""
        self.person.goes(path)
        return self.reads(name)

    @property
    def faults(self) -> dict[str, list[str]]:
        """What axe found, of the pages with faults only."""
        return {name: lines for name, lines in self.found.items() if lines}


def _reads_the_shelf(purchase: Purchase) -> None:
    purchase.visits("home", "").visits("catalogue", "catalogue/")
    purchase.page.locator(".duka-nav a").nth(1).click()
    purchase.reads("category")
    purchase.person.goes("")
    purchase.page.locator(".duka-tile-title a").first.click()
    purchase.reads("product").visits("offers", "offers/").visits("search", "search/?q=coffee")
    purchase.visits("empty basket", "basket/")
    purchase.person.fills_basket()
    purchase.reads("after adding").visits("basket", "basket/")


def _reads_the_payment(purchase: Purchase, phone: str) -> None:
    person = purchase.person
    purchase.reads("chooser")
    person.chooses("mpesa")
    purchase.reads("phone")
    person.names_phone("99")
    purchase.reads("refused phone")
    person.names_phone("0733 123 456")
    purchase.reads("preview of another network").visits("phone again", "checkout/payment-details/")
    person.names_phone(phone).places_order()
    person.sees("enter-pin")
    purchase.reads("payment page")
    five_seconds_pass()
    person.sees("paid")
    purchase.reads("paid")
    person.page.click("#mpesa-done")
    purchase.reads("thanks")


@pytest.mark.parametrize("language", ["en", "sw"])
def test_whole_purchase_of_a_guest_has_no_violations(new_person: Any, language: str) -> None:
    guest = new_person(language=language)
    purchase = Purchase(guest)

    _reads_the_shelf(purchase)
    purchase.visits("gateway", "checkout/")
    guest.page.fill("#id_username", "guest@example.com")
    guest.page.check("input[name=options][value=anonymous]")
    guest.page.locator("form button[type=submit]").last.click()
    purchase.reads("shipping address")
    guest.page.locator("#new_shipping_address button[type=submit]").click()
    purchase.reads("refused address")
    for name, text in {**ADDRESS, "phone_number": "0712345678"}.items():
        guest.page.fill(f"[name={name}]", text)
    guest.page.locator("#new_shipping_address button[type=submit]").click()
    purchase.reads("shipping method")
    guest.page.locator("form:has([name=method_code]) button[type=submit]").first.click()
    _reads_the_payment(purchase, "0708374149")
    guest.page.locator("a[href*='order-status']").first.click()
    purchase.reads("order status").visits("log in", "accounts/login/")
    guest.page.goto(f"{guest.shop}/practice-phone/")
    purchase.reads("practice phone")

    assert purchase.faults == {}
    assert len(purchase.found) == 24


def test_whole_purchase_of_a_user_has_no_violations(new_person: Any) -> None:
    user = new_person(language="sw").signs_in("shopper@example.com", PASSWORD)
    purchase = Purchase(user)

    user.fills_basket()
    purchase.visits("basket", "basket/").visits("shipping address", "checkout/shipping-address/")
    user.page.locator("button.ship-address").first.click()
    user.page.locator("form:has([name=method_code]) button[type=submit]").first.click()
    _reads_the_payment(purchase, "0708374149")
    purchase.visits("order history", "accounts/orders/")
    number = get_model("order", "Order").objects.get().number
    purchase.visits("order", f"accounts/orders/{number}/").visits("account", "accounts/profile/")
    user.goes("checkout/shipping-address/")

    assert purchase.faults == {}
    assert len(purchase.found) == 13


def test_cash_on_delivery_has_no_violations(new_person: Any) -> None:
    guest = new_person()
    purchase = Purchase(guest)

    guest.fills_basket().goes_to_payment().chooses("cod")
    purchase.reads("preview").visits("payment details", "checkout/payment-details/").visits(
        "preview again", "checkout/preview/"
    )
    guest.places_order()
    purchase.reads("thanks")

    assert purchase.faults == {}
    assert "Cash on delivery" in guest.looks("thanks")
