"""A purchase and the payment page by keyboard."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from oscar_mpesa.models import MpesaPayment, MpesaReceipt
from tests.browser.keys import Keyboard
from tests.browser.shopper import ADDRESS, five_seconds_pass
from tests.browser.states import STATES
from tests.shop import failure, pay, post

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [360, 1280])
def test_guest_buys_and_retries_by_keyboard(new_person: Any, width: int) -> None:
    guest = new_person(width=width)
    keys = Keyboard(guest.page)
    guest.goes("")

    keys.follows("form[action*='/basket/add/'] button")
    keys.follows("a[href$='/checkout/']")
    keys.types("#id_username", "guest@example.com").picks("[value=anonymous]", of="[name=options]")
    keys.follows("form button[type=submit]:not([name=language])")
    for name, text in {**ADDRESS, "phone_number": "0712345678"}.items():
        keys.types(f"[name={name}]", text)
    keys.follows("#new_shipping_address button[type=submit]")
    keys.follows("form button[type=submit]:not([name=language])")
    keys.picks("#method-mpesa", of="[name=method]").follows(".mpesa-panel [type=submit]")
    keys.picks("#which-another", of="[name=which]").types("[name=phone_number]", "0708374151")
    keys.follows(".mpesa-panel [type=submit]").follows("#place-order")
    guest.sees("enter-pin")
    five_seconds_pass()
    guest.sees("failed")
    keys.goes_to("#mpesa-another-number").presses("Enter").types("#mpesa-payment [name=phone_number]", "0708374149")
    keys.follows("#mpesa-payment details [type=submit]")
    guest.sees("enter-pin")
    five_seconds_pass()
    guest.sees("paid")
    keys.follows("#mpesa-done")

    assert str(MpesaReceipt.objects.get().number) in guest.looks("thanks")
    assert [payment.status for payment in MpesaPayment.objects.order_by("pk")] == ["cancelled", "completed"]


def test_payment_page_works_by_keyboard_alone(new_visitor: Any) -> None:
    payment = STATES["enter-pin"]()
    guest = new_visitor().owns(payment).waits_for(payment)
    keys = Keyboard(guest.page)
    hints = guest.page.locator("details:has(#mpesa-none)")

    with guest.page.expect_response("**/status/"):
        keys.goes_to("#mpesa-check").presses("Enter")
    keys.goes_to("#mpesa-none").presses("Enter")
    opened = hints.get_attribute("open")
    keys.presses("Space")
    shut = hints.get_attribute("open")
    post(payment, failure(payment, code=2001), now=timezone.now())
    guest.comes_back().sees("failed")
    after_failure = guest.page.evaluate("document.activeElement.id")
    keys.follows("#mpesa-again")
    again = MpesaPayment.objects.latest("pk")
    guest.sees("enter-pin")
    keys.goes_to("#mpesa-check")
    pay(again, now=timezone.now())
    keys.presses("Enter")
    guest.sees("paid")
    after_payment = guest.page.evaluate("document.activeElement.id")
    keys.presses("Tab")

    assert (opened, shut) == ("", None)
    assert (after_failure, after_payment) == ("mpesa-heading", "mpesa-heading")
    assert guest.page.evaluate("document.activeElement.id") == "mpesa-done"


@pytest.mark.parametrize("state", ["enter-pin", "failed, cancelled", "failed, another number", "unpaid", "closed"])
def test_keyboard_reaches_every_control_of_the_payment_page(new_visitor: Any, state: str) -> None:
    payment = STATES[state]()
    guest = new_visitor().owns(payment).goes(f"checkout/mpesa/{payment.mpesa_order.public_id}/")
    closed = guest.page.locator("#mpesa-payment details:not([open]) summary")
    while closed.count():
        closed.first.press("Enter")
    guest.page.focus("#mpesa-heading")

    stops, reachable = Keyboard(guest.page).stops_in("#mpesa-payment")

    assert stops == reachable
    assert stops
