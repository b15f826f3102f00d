"""Firefox, whose engine differs from Chromium's: a whole purchase, a connection that breaks, and a lost session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.utils import timezone

from oscar_mpesa.models import MpesaPayment
from tests.browser.conftest import PICTURES
from tests.browser.firefox import Firefox
from tests.browser.shopper import ADDRESS, five_seconds_pass
from tests.shop import ANOTHER, new_payment

pytestmark = pytest.mark.browser

SUBMIT = "main form button[type=submit], form button[type=submit].btn-primary"


@pytest.fixture(scope="module")
def browser() -> Iterator[Firefox]:
    firefox = Firefox()
    yield firefox
    firefox.quit()


@pytest.fixture
def firefox(browser: Firefox, request: pytest.FixtureRequest) -> Iterator[Firefox]:
    """Yield Firefox without a page; errors of our scripts fail the test."""
    yield browser
    browser.picture(PICTURES / "firefox" / f"{request.node.name}.png")
    assert browser.errors() == []


def open_waiting_page(firefox: Firefox, shop: str) -> None:
    """Open the payment page of an own order whose prompt waits for a minute, because its practice phone is open."""
    firefox.start(shop)
    payment = new_payment(phone=ANOTHER, now=timezone.now())
    MpesaPayment.objects.update(practice_seen_at=timezone.now())
    firefox.owns(payment)
    firefox.open(f"/en/checkout/mpesa/{payment.mpesa_order.public_id}/")


def test_guest_buys_in_firefox(firefox: Firefox, shop: str) -> None:
    firefox.start(shop).open("/en/")
    firefox.follow("form[action*='/basket/add/'] button")
    firefox.open("/en/checkout/")
    firefox.fill("#id_username", "guest@example.com")
    firefox.click("input[name=options][value=anonymous]")
    firefox.follow("form:has(#id_username) button[type=submit]")
    for name, text in {**ADDRESS, "phone_number": "0712345678"}.items():
        firefox.fill(f"[name={name}]", text)
    firefox.follow("form:has([name=line1]) button[type=submit]")
    if "shipping-method" in firefox.evaluate("location.pathname"):
        firefox.follow("form[action*='shipping-method'] button[type=submit], form:has([name=method_code]) button")
    firefox.click("#method-mpesa")
    firefox.follow(".mpesa-panel button[type=submit]")
    firefox.click("#which-another")
    firefox.fill("[name=phone_number]", "0708 374 149")
    firefox.follow(".mpesa-panel button[type=submit]")
    firefox.follow("#place-order")
    about = firefox.text_of("#mpesa-about")

    five_seconds_pass()
    firefox.see(".mpesa-paid")

    payment = MpesaPayment.objects.get()
    assert payment.is_paid
    assert payment.mpesa_order.order.number in about
    assert str(payment.receipts.get().number) in firefox.text_of("#mpesa-payment")
    assert firefox.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_check_now_says_that_firefox_is_offline(firefox: Firefox, bare_shop: str) -> None:
    open_waiting_page(firefox, bare_shop)
    address = firefox.evaluate("location.href")

    firefox.is_offline(True)
    firefox.click("#mpesa-check")
    firefox.wait_until("document.getElementById('mpesa-checked').innerText.includes('No connection')")
    offline = (firefox.text_of("#mpesa-checked"), firefox.focused(), firefox.evaluate("location.href"))
    firefox.is_offline(False)
    firefox.click("#mpesa-check")
    firefox.wait_until("/Checked at \\d\\d:\\d\\d:\\d\\d/.test(document.getElementById('mpesa-checked').innerText)")

    assert offline == ("No connection. The prompt is still on the phone.", "mpesa-check", address)
    assert (firefox.focused(), firefox.evaluate("location.href")) == ("mpesa-check", address)


def test_lost_session_is_said_in_firefox_and_polling_ends(firefox: Firefox, bare_shop: str) -> None:
    open_waiting_page(firefox, bare_shop)
    before = (firefox.text_of("h1"), firefox.evaluate("document.getElementById('mpesa-check').offsetHeight > 0"))

    firefox.forget_cookies()
    firefox.see("#mpesa-lost")
    said = (firefox.text_of("h1"), firefox.focused(), firefox.text_of("#mpesa-lost"))
    has_check = firefox.evaluate("Boolean(document.getElementById('mpesa-check')?.offsetHeight)")
    count = len([url for url in firefox.requests() if "/status/" in url])
    firefox.wait_until("new Promise((done) => setTimeout(() => done(true), 5000))")

    assert before == ("Enter your M-PESA PIN on 0712 345 678", True)
    assert said[:2] == ("We can't show this order in this browser", "mpesa-heading")
    assert said[2].startswith("Open it where you ordered, sign in, or use the link in your email.")
    assert not has_check
    assert count > 0
    assert len([url for url in firefox.requests() if "/status/" in url]) == count
