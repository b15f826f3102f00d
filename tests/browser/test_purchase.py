"""Whole purchases in Chromium, as people make them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaPayment, MpesaReceipt
from tests.browser.shopper import PASSWORD, five_seconds_pass

if TYPE_CHECKING:
    from playwright.sync_api import Route

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [320, 1280])
def test_guest_buys_with_scripts(new_person: Any, width: int) -> None:
    guest = new_person(width=width)
    guest.fills_basket().goes_to_payment()
    fits = [guest.fits()]
    guest.looks("method")
    guest.chooses("mpesa")
    fits.append(guest.fits())
    guest.looks("phone")
    guest.names_phone("0708 374 149")
    preview = guest.looks("preview")
    fits.append(guest.fits())

    guest.places_order()
    waiting = guest.sees("enter-pin")
    five_seconds_pass()
    paid = guest.sees("paid")
    fits.append(guest.fits())
    guest.page.click("#mpesa-payment form button")
    thanks = guest.looks("thanks")

    number = str(MpesaReceipt.objects.get().number)
    assert fits == [True] * 4
    assert "0708 374 149" in preview
    assert "Enter your M-PESA PIN on 0708 374 149" in waiting
    assert number in paid
    assert number in thanks


def test_guest_buys_without_scripts(new_person: Any) -> None:
    guest = new_person(scripts=False)
    guest.orders("0708374149")
    waiting = guest.sees("enter-pin")

    five_seconds_pass()
    guest.page.click("text=Check now")
    guest.sees("paid")
    guest.page.click("text=See your order")

    assert "Check now" in waiting
    assert str(MpesaReceipt.objects.get().number) in guest.looks("thanks")


def test_page_without_scripts_reloads(new_person: Any) -> None:
    guest = new_person(scripts=False)
    guest.orders("0708374149")
    guest.context.route("**/checkout/mpesa/*/", _in_a_hurry)
    guest.page.reload()
    five_seconds_pass()

    guest.page.wait_for_selector(".mpesa-paid")

    assert "refresh=1" in guest.page.url


def _in_a_hurry(route: Route) -> None:
    """Two seconds for the page's twenty."""
    answer = route.fetch()
    page = answer.text()
    assert 'http-equiv="refresh" content="20;' in page
    route.fulfill(response=answer, body=page.replace('content="20;', 'content="2;'))


def test_user_buys(new_person: Any) -> None:
    user = new_person().signs_in("shopper@example.com", PASSWORD)
    user.fills_basket().goes("checkout/shipping-address/")
    user.page.locator("button.ship-address").first.click()
    user.page.locator("form button[type=submit]").first.click()

    user.chooses("mpesa").names_phone("0708374149").places_order()
    user.sees("enter-pin")
    five_seconds_pass()
    user.sees("paid")

    order = get_model("order", "Order").objects.get()
    assert (order.user.email, order.status) == ("shopper@example.com", "Being processed")


@pytest.mark.parametrize(
    ("phone", "sentence"),
    [
        ("0708374150", "There isn't enough money on 0708 374 150."),
        ("0708374151", "The prompt was canceled or closed."),
    ],
    ids=["no funds", "cancelled"],
)
def test_failed_payment_is_retried_with_another_number(new_person: Any, phone: str, sentence: str) -> None:
    guest = new_person()
    guest.orders(phone)
    guest.sees("enter-pin")

    five_seconds_pass()
    failed = guest.sees("failed")
    guest.uses_another_number("0708374149")
    guest.sees("enter-pin")
    five_seconds_pass()
    guest.sees("paid")

    assert sentence in failed
    assert MpesaPayment.objects.count() == 2
    assert get_model("order", "Order").objects.get().status == "Being processed"


def test_invalid_number_keeps_its_value(new_person: Any) -> None:
    guest = new_person()
    guest.orders("0708374151")
    guest.sees("enter-pin")
    five_seconds_pass()
    guest.sees("failed")

    guest.uses_another_number("99")

    assert guest.page.locator("#phone-error").is_visible()
    assert guest.page.locator("#mpesa-payment [name=phone_number]").input_value() == "99"


def test_cash_on_delivery_sends_no_prompt(new_person: Any) -> None:
    guest = new_person()
    guest.fills_basket().goes_to_payment().chooses("cod")

    guest.places_order()

    assert "Cash on delivery" in guest.looks("thanks")
    assert not MpesaPayment.objects.exists()


def test_payment_page_is_in_swahili(new_person: Any) -> None:
    guest = new_person(language="sw")
    guest.orders("0708374151")
    waiting = guest.sees("enter-pin")

    five_seconds_pass()
    failed = guest.sees("failed")

    assert "Weka PIN yako ya M-PESA kwenye 0708 374 151" in waiting
    assert "Ombi lilighairiwa" in failed
    assert guest.fits()


@pytest.mark.parametrize(
    ("pin", "state"), [("1234", "paid"), ("9999", "failed"), ("cancel", "failed")], ids=["right", "wrong", "cancel"]
)
def test_practice_phone_answers(new_person: Any, pin: str, state: str) -> None:
    guest = new_person()
    phone = guest.context.new_page()
    phone.goto(f"{guest.shop}/practice-phone/")
    guest.orders("0712 345 678")

    phone.wait_for_selector(".prompt")
    phone.screenshot(path=guest.pictures / "practice-phone.png")
    if pin == "cancel":
        phone.click("#cancel")
    else:
        phone.fill("#pin", pin)
        phone.click("#send")

    guest.sees(state)
    assert phone.locator(".sms li").count() == 1


def test_staff_see_the_code_on_oscars_order_page(new_person: Any) -> None:
    guest = new_person()
    guest.orders("0708374149")
    guest.sees("enter-pin")
    five_seconds_pass()
    guest.sees("paid")
    order = get_model("order", "Order").objects.get()
    staff = new_person(width=1280).signs_in("staff@example.com", PASSWORD)

    staff.goes(f"dashboard/orders/{order.number}/")
    staff.page.click("text=Payment")

    words = staff.looks("dashboard-order")
    assert str(MpesaReceipt.objects.get().number) in words
    assert "M-PESA\tKSh 1,600" in words
