"""Back after placing an order leads to its payment page, never to an empty basket or a second order."""

from __future__ import annotations

from typing import Any

import pytest
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaPayment
from tests.browser.shopper import Person, five_seconds_pass

pytestmark = pytest.mark.browser


def _goes_back(person: Person) -> str:
    """Press Back; return the path of the page that is shown."""
    person.page.go_back()
    address: str = person.page.url
    return address.removeprefix(person.shop)


@pytest.mark.parametrize("scripts", [True, False])
def test_back_after_paying_leads_to_the_paid_page(new_person: Any, scripts: bool) -> None:
    guest = new_person(scripts=scripts)
    guest.orders("0708374149")
    paid_path = guest.page.url.removeprefix(guest.shop)
    five_seconds_pass()
    guest.page.reload()
    guest.sees("paid")

    back = [_goes_back(guest) for _ in range(3)]
    words = guest.sees("paid")

    assert back == [paid_path] * 3
    assert "KSh 1,600" in words
    assert (get_model("order", "Order").objects.count(), MpesaPayment.objects.count()) == (1, 1)


@pytest.mark.parametrize("scripts", [True, False])
def test_back_after_the_thank_you_page_leads_to_the_paid_page(new_person: Any, scripts: bool) -> None:
    guest = new_person(scripts=scripts)
    guest.orders("0708374149")
    paid_path = guest.page.url.removeprefix(guest.shop)
    five_seconds_pass()
    guest.page.reload()
    guest.sees("paid")
    guest.page.click("#mpesa-done")
    assert guest.page.url.endswith("/checkout/thank-you/")

    back = [_goes_back(guest) for _ in range(2)]
    guest.sees("paid")

    assert back == [paid_path] * 2


def test_back_while_waiting_shows_the_wait_again(new_person: Any) -> None:
    guest = new_person()
    guest.orders("0712345678")
    waiting = guest.page.url.removeprefix(guest.shop)

    back = _goes_back(guest)
    guest.sees("enter-pin")

    assert back == waiting
    assert MpesaPayment.objects.count() == 1


def test_new_basket_after_paying_goes_through_the_checkout(new_person: Any) -> None:
    guest = new_person()
    guest.orders("0708374149")
    five_seconds_pass()
    guest.page.reload()
    guest.sees("paid")

    guest.fills_basket().goes_to_payment()

    assert guest.page.locator("#method-mpesa").is_visible()
