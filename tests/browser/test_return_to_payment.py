"""Tabs, the Back button and closed browsers: shoppers pay once and find their way back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone, translation
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.oscar_adapter.order_messages import unpaid_order_message
from tests.browser.conftest import PICTURES
from tests.browser.shopper import Person, five_seconds_pass
from tests.browser.states import failed
from tests.shop import CANCELS, failure, new_order, new_payment, pay, post

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

Order = get_model("order", "Order")


@pytest.fixture
def keeping_chromium(launch: Callable[..., Browser]) -> Iterator[Browser]:
    """Chromium as people have it: Back shows the page as it was left, which Playwright switches off."""
    browser = launch(ignore_default_args=["--disable-back-forward-cache"])
    yield browser
    browser.close()


def a_minute_ago(payment: MpesaPayment) -> MpesaPayment:
    """Its phone may be asked again."""
    MpesaPayment.objects.filter(pk=payment.pk).update(push_sent_at=timezone.now() - timedelta(seconds=70))
    return payment


def test_retry_in_one_tab_prevents_a_second_in_others(new_visitor: Any) -> None:
    payment = a_minute_ago(failed(2001)())
    first = new_visitor().owns(payment).waits_for(payment)
    second, third = first.opens_tab(), first.opens_tab()
    third.page.route("**/status/", lambda route: route.abort())  # it knows nothing of what comes

    with first.page.expect_navigation():
        first.page.click("#mpesa-again")
    second.page.evaluate("window.dispatchEvent(new Event('focus'))")
    second.page.wait_for_selector("#mpesa-again", state="detached")
    first.page.close()
    second.page.close()
    with third.page.expect_navigation():
        third.page.click("#mpesa-again")
    third.page.wait_for_selector("#mpesa-payment")

    assert MpesaPayment.objects.count() == 2
    assert third.page.locator("#mpesa-again").count() == 0


def test_order_is_placed_once_from_two_tabs(new_person: Any) -> None:
    first = new_person()
    first.fills_basket().goes_to_payment().chooses("mpesa").names_phone("0712345678")
    first.page.wait_for_selector("#place-order")
    second = first.opens_tab()

    first.places_order()
    address = first.page.url
    first.page.close()
    second.places_order()

    assert second.page.url == address
    assert second.page.locator("#mpesa-payment").is_visible()
    assert (Order.objects.count(), MpesaPayment.objects.count()) == (1, 1)


def test_back_and_forward_place_the_order_once(keeping_chromium: Browser, shop: str) -> None:
    guest = Person(keeping_chromium, shop, pictures=PICTURES / "test_back_and_forward")
    guest.orders("0708374149")
    MpesaPayment.objects.update(checkout_request_id=None)

    placed = guest.page.url
    guest.page.go_back()
    guest.sees("enter-pin")
    back = guest.page.url
    pay(MpesaPayment.objects.get(), now=timezone.now())
    guest.sees("paid")
    with guest.page.expect_navigation():
        guest.page.click("#mpesa-done")
    guest.page.go_back()
    again = guest.sees("paid")
    guest.page.evaluate("void setTimeout(() => history.forward())")
    guest.page.wait_for_url("**/thank-you/", wait_until="commit")

    assert back == placed
    assert "Paid. Thank you!" in again
    assert (Order.objects.count(), MpesaPayment.objects.count()) == (1, 1)
    assert guest.errors == []


def test_shopper_returns_from_the_basket_after_closing_the_browser(new_person: Any) -> None:
    guest = new_person()
    guest.orders("0708374151")
    five_seconds_pass()
    kept = [cookie for cookie in guest.context.cookies() if cookie["expires"] > 0]
    guest.leaves()

    again = new_person()
    again.context.add_cookies(kept)
    reminder = again.goes("basket/").looks("reminder")
    again.page.click("text=Finish paying")

    assert f"Order {Order.objects.get().number} is waiting for KSh" in reminder
    assert "The prompt was canceled" in again.sees("failed")


@pytest.mark.parametrize(("language", "width"), [("en", 1280), ("en", 320), ("sw", 360)])
def test_new_tab_reminds_of_the_unpaid_order(new_visitor: Any, language: str, width: int) -> None:
    payment = failed(1032)()
    guest = new_visitor(language=language, width=width).owns(payment).waits_for(payment)

    tab = guest.opens_tab().goes("basket/")
    reminder, fits = tab.looks("reminder"), tab.fits()
    tab.page.click(".alert-link")
    tab.sees("failed")

    with translation.override(language):
        assert unpaid_order_message(payment.mpesa_order) in reminder
        assert translation.pgettext("label", "Finish paying") in reminder
    assert (fits, tab.page.url) == (True, guest.page.url)


def test_user_pays_from_the_order_history_on_another_device(new_visitor: Any) -> None:
    user = get_user_model().objects.create_user("achieng", "achieng@example.com", "a long password")
    older, newer = (new_payment(new_order(user=user), phone=CANCELS, now=timezone.now()) for _ in range(2))
    for payment in (older, newer):
        post(payment, failure(payment), now=timezone.now())
    phone = new_visitor().is_signed_in(user)

    orders = phone.goes("accounts/orders/").looks("orders")
    phone.goes(f"accounts/orders/{older.mpesa_order.order.number}/")
    order, fits = phone.looks("order"), phone.fits()
    phone.page.click("text=Finish paying")
    phone.sees("failed")
    phone.uses_another_number("0708374149")
    five_seconds_pass()
    phone.sees("paid")

    assert unpaid_order_message(newer.mpesa_order) in orders
    assert unpaid_order_message(older.mpesa_order) in order
    assert fits
    assert [each.status for each in Order.objects.order_by("pk")] == ["Being processed", "Pending payment"]
