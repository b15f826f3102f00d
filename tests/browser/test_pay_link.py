"""The payment link: for the shopper later, and for other people in other browsers."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core import mail
from django.utils import translation

from oscar_mpesa.models import MpesaOrder, MpesaPayment
from oscar_mpesa.payment_page.formats import weekday_and_time
from tests.browser.shopper import Person, five_seconds_pass
from tests.browser.states import failed, pays_later
from tests.shop import CANCELS

if TYPE_CHECKING:
    from playwright.sync_api import Response

pytestmark = pytest.mark.browser

LINK = re.compile(r"https?://\S+(/\w\w/checkout/mpesa/pay/[\w.:-]+/)")

#: Controls for the order's own shopper only.
OWNERS = "#mpesa-otherwise, #mpesa-pay-later, #mpesa-pay-link, #mpesa-restore-basket, #mpesa-done"


def in_language(language: str, payment: MpesaPayment) -> MpesaPayment:
    """Set the order's language."""
    MpesaOrder.objects.update(language=language)
    return payment


def emailed_link() -> str:
    """Return the path of the link in the first email."""
    [path, *_] = LINK.findall(str(mail.outbox[0].body))
    return str(path)


def kept_until(language: str) -> str:
    """Return the heading with the only order's deadline."""
    until = MpesaOrder.objects.get().pay_before
    with translation.override(language):
        values = {"time": weekday_and_time(until, until - timedelta(hours=24))}
        return translation.gettext("Reserved until %(time)s") % values


def pays(payer: Person, *, scripts: bool = True) -> str:
    """Pay on the link's page with another phone and return the final text."""
    payer.uses_another_number("0708374149")
    five_seconds_pass()
    if not scripts:
        payer.page.reload()
    return payer.sees("paid")


@pytest.mark.parametrize(
    ("language", "width", "scripts"),
    [("en", 360, True), ("sw", 320, True), ("en", 320, False), ("sw", 1280, False)],
    ids=["en", "sw narrow", "en narrow without scripts", "sw wide without scripts"],
)
def test_emailed_link_pays_in_another_browser(new_visitor: Any, language: str, width: int, scripts: bool) -> None:
    payment = in_language(language, failed(1032, phone=CANCELS)())
    shopper = new_visitor(language=language, width=width, scripts=scripts).owns(payment).waits_for(payment)
    own_page = shopper.page.url
    payer = new_visitor(language=language, width=width, scripts=scripts)
    visited: list[str] = []
    payer.page.on("framenavigated", lambda frame: visited.append(frame.url))

    kept = shopper.pays_later().looks("kept")
    payer.page.goto(payer.shop + emailed_link())
    asked = payer.sees("to-pay")
    fits = [shopper.fits(), payer.fits()]
    hidden = payer.page.locator(f"{OWNERS}, #mpesa-again").count()
    paid = pays(payer, scripts=scripts)
    hidden += payer.page.locator(OWNERS).count()
    shopper.page.reload()

    assert kept_until(language) in kept
    assert "KSh 1,500" in asked and payment.mpesa_order.order.number in asked
    assert payment.phone_number.grouped not in asked + paid
    assert (asked.count("KSh 1,500"), paid.count("KSh 1,500")) == (2, 1)
    assert (hidden, set(visited)) == (0, {own_page})
    assert [*fits, payer.fits()] == [True] * 3
    assert shopper.page.locator("#mpesa-done").is_visible()


def test_emailed_link_shows_its_shopper_the_whole_order(new_visitor: Any) -> None:
    payment = pays_later()
    shopper = new_visitor().owns(payment)

    shopper.page.goto(shopper.shop + emailed_link())
    shopper.sees("failed")
    before = shopper.page.locator("#mpesa-pay-link").count()
    pays(shopper)
    shopper.page.goto(shopper.shop + emailed_link())
    shopper.sees("paid")

    assert before == 1
    assert shopper.page.locator("#mpesa-done").is_visible()


def test_used_link_shows_that_the_order_is_paid(new_visitor: Any) -> None:
    pays_later()
    payer = new_visitor()
    payer.page.goto(payer.shop + emailed_link())
    pays(payer)

    payer.page.goto(payer.shop + emailed_link())

    assert "KSh 1,500" in payer.sees("paid")
    assert payer.page.locator(OWNERS).count() == 0


@pytest.mark.parametrize("clipboard", ["of today", "of old browsers", "refused"])
def test_copied_and_shared_links_open_the_payment(new_visitor: Any, clipboard: str) -> None:
    payment = pays_later()
    shopper = new_visitor().owns(payment)
    shopper.context.grant_permissions(["clipboard-read", "clipboard-write"])
    shopper.page.add_init_script(
        {
            "of today": "",
            "of old browsers": "delete Navigator.prototype.clipboard",
            "refused": "navigator.clipboard.writeText = () => Promise.reject(new Error())",
        }[clipboard]
    )
    shopper.waits_for(payment)

    shopper.page.click("#mpesa-copy")
    shopper.page.wait_for_selector("#mpesa-copy:text('Copied')")
    shared = parse_qs(urlsplit(str(shopper.page.get_attribute("#mpesa-share", "href"))).query)["text"][0]
    copied = shopper.opens_tab().page.evaluate("navigator.clipboard.readText()")
    payer = new_visitor()
    payer.page.goto(copied)

    assert copied == shopper.page.input_value("#mpesa-pay-link")
    assert shared == f"Please pay KSh 1,500 to Duka la Pwani by M-PESA: {copied}"
    assert "KSh 1,500" in payer.sees("to-pay")


def test_failed_copy_selects_the_link(new_visitor: Any) -> None:
    payment = pays_later()
    shopper = new_visitor().owns(payment)
    shopper.page.add_init_script(
        "navigator.clipboard.writeText = () => Promise.reject(new Error()); document.execCommand = () => false"
    )
    shopper.waits_for(payment)

    shopper.page.click("#mpesa-copy")

    assert shopper.page.inner_text("#mpesa-copy") == "Copy the link"
    assert shopper.page.evaluate("getSelection().toString()") == shopper.page.input_value("#mpesa-pay-link")


def test_page_updates_while_the_link_has_focus(new_visitor: Any) -> None:
    payment = pays_later()
    shopper = new_visitor().owns(payment).waits_for(payment)
    payer = new_visitor()
    payer.page.goto(payer.shop + emailed_link())

    shopper.page.click("#mpesa-pay-link")
    pays(payer)
    shopper.page.evaluate("window.dispatchEvent(new Event('focus'))")

    assert "Paid. Thank you!" in shopper.sees("paid")


def test_token_of_the_link_is_sent_to_the_shop_once(new_visitor: Any) -> None:
    pays_later()
    payer = new_visitor()
    responses: list[Response] = []
    payer.context.on("response", lambda response: responses.append(response))
    link = payer.shop + emailed_link()
    token = link.rstrip("/").rpartition("/")[2]

    payer.page.goto(link)
    pays(payer)

    [answer] = [response for response in responses if response.url == link]
    asked = [(each.request.url, each.request.all_headers().get("referer", "")) for each in responses]
    assert [url for url, referer in asked if token in url + referer] == [link]
    assert answer.all_headers()["referrer-policy"] == "no-referrer"
    assert "no-store" in answer.all_headers()["cache-control"]
    assert len(asked) > 10


@pytest.mark.parametrize(("language", "width"), [("en", 360), ("en", 1280), ("sw", 360), ("sw", 1280)])
def test_revoked_link_closes_the_payers_page(new_visitor: Any, language: str, width: int) -> None:
    payment = in_language(language, pays_later())
    shopper = new_visitor(language=language, width=width).owns(payment).waits_for(payment)
    payer = new_visitor(language=language, width=width)
    payer.page.goto(payer.shop + f"/{language}/checkout/mpesa/pay/{payment.mpesa_order.pay_links.get().token}/")
    payer.sees("to-pay")

    shopper.page.click("#mpesa-revoke-link")
    shopper.looks("link before revoking")
    shopper.page.click("details:has(#mpesa-revoke-link) button")
    shopper.page.wait_for_selector("#mpesa-new-link")
    shopper.looks("link revoked")
    payer.page.evaluate("window.dispatchEvent(new Event('focus'))")
    payer.page.wait_for_selector("#mpesa-lost:visible")
    payer.looks("link revoked for the payer")
    shopper.page.click("#mpesa-new-link")

    assert shopper.page.locator("#mpesa-pay-link").is_visible()
    assert payer.page.locator("#mpesa-next").is_hidden()
    assert [shopper.fits(), payer.fits()] == [True, True]
