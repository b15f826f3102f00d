"""What a screen reader finds on the payment page, from top to bottom, in each state of a whole payment."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from oscar_mpesa.models import MpesaPayment
from tests.browser.shopper import Person
from tests.browser.states import checking, confirming, enter_pin, failed, pays_later, unanswered_too_long
from tests.shop import failure, pay, post, success

pytestmark = pytest.mark.browser

ABOUT = """
- paragraph:
  - strong: "KSh 1,500"
  - text: /· order \\d+ · Duka la Pwani/
"""

WAITING = (
    """
- heading "Enter your M-PESA PIN on 0712 345 678" [level=1]
"""
    + ABOUT
    + """
- status
- paragraph: Enter your PIN only on the phone. We never ask for it here.
- paragraph: /^The prompt stays until [\\d:]{8}\\. This page updates by itself\\.$/
- paragraph:
  - link "Check now"
  - text: /Checked at \\d\\d:\\d\\d:\\d\\d/
- group: No prompt on the phone?
- complementary "Your order":
  - heading "Your order" [level=2]
"""
)

CHECKING = (
    """
- heading "We're checking with M-PESA" [level=1]
"""
    + ABOUT
    + """
- status: /^We're checking with M-PESA\\. [^.]+\\.$/
- paragraph: /pay again/
- paragraph: /We check again at \\d\\d:\\d\\d:\\d\\d/
- paragraph:
  - link "Check now"
  - text: /Checked at/
"""
)

FAILED = (
    """
- heading [level=1]
"""
    + ABOUT
    + """
- status: /PIN/
- paragraph: /M-PESA says no money was taken/
- button "Send the prompt again"
- group: Pay from another number
"""
)

CONFIRMING = (
    """
- heading "We're confirming your payment" [level=1]
"""
    + ABOUT
    + """
- status: /^We're confirming your payment\\. .*KSh 1,500 for order \\d+\\.$/
- paragraph: /M-PESA has reported KSh 1,500/
- paragraph:
  - link "Check now"
"""
)

PAID = (
    """
- heading /Paid|paid/ [level=1]
"""
    + ABOUT
    + """
- status: /paid|Paid/
- paragraph:
  - strong: OD123ABC45
- button "See your order"
"""
)


def comes_to(guest: Person, state: str, tree: str) -> None:
    """The page asks, changes, and reads as it should."""
    guest.comes_back()
    guest.page.wait_for_selector(f".mpesa-{state}")
    reads(guest, tree)


def reads(guest: Person, tree: str) -> None:
    """Compare the accessibility tree's lines; others may stand between them."""
    api = pytest.importorskip("playwright.sync_api")
    api.expect(guest.page.locator("body")).to_match_aria_snapshot(tree, timeout=3000)


def test_whole_payment_reads_well_from_waiting_to_paid(new_visitor: Any) -> None:
    payment = enter_pin()
    guest = new_visitor().owns(payment).waits_for(payment)
    guest.page.evaluate("window.isTheSamePage = true")

    reads(guest, WAITING)
    MpesaPayment.objects.update(push_sent_at=timezone.now() - timedelta(seconds=80))
    comes_to(guest, "checking", CHECKING)
    payment.refresh_from_db()
    post(payment, failure(payment, code=2001), now=timezone.now())
    comes_to(guest, "failed", FAILED)
    stayed = guest.page.evaluate("isTheSamePage")
    with guest.page.expect_navigation():
        guest.page.click("#mpesa-again")
    reads(guest, WAITING)
    again = MpesaPayment.objects.latest("pk")
    post(again, failure(again, code=1032), now=timezone.now())
    post(again, success(again, number="OD444DDD44"), now=timezone.now(), confirmed=False)
    comes_to(guest, "confirming", CONFIRMING)
    pay(again, now=timezone.now())
    comes_to(guest, "paid", PAID)

    assert stayed is True
    assert guest.page.locator("[role=status], [aria-live]").count() == 1


def test_disabled_button_has_its_reason_and_no_ticking_name(new_visitor: Any) -> None:
    payment = unanswered_too_long()
    MpesaPayment.objects.update(push_sent_at=timezone.now() - timedelta(seconds=20))
    guest = new_visitor().owns(payment).waits_for(payment)
    browser = guest.context.new_cdp_session(guest.page)

    guest.page.wait_for_selector("#mpesa-again[aria-disabled]")
    nodes = browser.send("Accessibility.getFullAXTree")["nodes"]
    button = next(each for each in nodes if each.get("name", {}).get("value") == "Send the prompt again")

    reason = guest.page.inner_text("#mpesa-again-reason")
    assert guest.page.inner_text("#mpesa-again-left").startswith("(0:")
    assert button["role"]["value"] == "button"
    assert button["description"]["value"] == reason
    assert {each["name"]: each["value"].get("value") for each in button["properties"]}["disabled"] is True


@pytest.mark.parametrize("build", [enter_pin, checking, confirming, failed(1032), failed(4), pays_later])
def test_every_control_has_a_name_and_no_name_is_used_twice(new_visitor: Any, build: Any) -> None:
    payment = build()
    guest = new_visitor().owns(payment).waits_for(payment)
    browser = guest.context.new_cdp_session(guest.page)

    nodes = browser.send("Accessibility.getFullAXTree")["nodes"]
    controls = [each for each in nodes if each.get("role", {}).get("value") in {"button", "link", "textbox", "radio"}]
    names = [each["name"]["value"].strip() for each in controls]

    assert names and "" not in names
    assert len(names) == len(set(names))
