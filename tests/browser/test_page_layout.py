"""How the payment page is laid out on paper, on phones and on wide screens, and what it shows first."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.browser.states import STATES

pytestmark = pytest.mark.browser

#: On how many lines each element is.
LINES = "all => all.map(each => each.getClientRects().length)"


def opens(new_visitor: Any, state: str, *, width: int = 360) -> Any:
    """Return the page of an order's owner at the payment page of a state."""
    payment = STATES[state]()
    guest = new_visitor(width=width).owns(payment)
    guest.waits_for(payment)
    guest.sees(state.partition(",")[0])
    return guest.page


def top(page: Any, selector: str) -> float:
    return float(page.locator(selector).bounding_box()["y"])


def test_printed_page_is_the_payment_confirmation_alone(new_visitor: Any) -> None:
    page = opens(new_visitor, "paid", width=1280)
    on_screen = page.locator("body").inner_text()

    page.emulate_media(media="print")
    on_paper = " ".join(page.locator("body").inner_text().split())

    assert "See your order" in on_screen and "Your order" in on_screen
    assert re.fullmatch(
        r"Paid\. Thank you! KSh 1,500 · order \d+ · Duka la Pwani "
        r"M-PESA code OD123ABC45 · 23 Nov 2026, 15:00"
        r"( We('ve emailed|'re emailing) your payment confirmation\.)?",
        on_paper,
    )


@pytest.mark.parametrize(("width", "is_beside"), [(360, False), (1280, True)])
def test_order_summary_is_beside_on_wide_screens_and_below_on_phones(
    new_visitor: Any, width: int, is_beside: bool
) -> None:
    page = opens(new_visitor, "enter-pin", width=width)

    panel, summary = (page.locator(name).bounding_box() for name in ("#mpesa-payment", "#mpesa-summary"))

    assert (summary["x"] >= panel["x"] + panel["width"]) is is_beside
    assert (summary["y"] >= panel["y"] + panel["height"]) is not is_beside


@pytest.mark.parametrize("state", STATES)
def test_each_state_fits_every_screen_with_amount_and_order(new_visitor: Any, state: str) -> None:
    page = opens(new_visitor, state)

    widths = []
    for width in (320, 360, 1280):
        page.set_viewport_size({"width": width, "height": 740})
        widths.append(page.evaluate("document.documentElement.scrollWidth"))

    assert re.fullmatch(r"KSh 1,[05]00 · order \d+ · Duka la Pwani", page.locator("#mpesa-about").inner_text())
    assert widths == [320, 360, 1280]


def test_after_a_cancel_the_primary_button_sends_at_once(new_visitor: Any) -> None:
    page = opens(new_visitor, "failed, cancelled")

    page.locator("#mpesa-payment .btn-primary").click()

    page.wait_for_selector(".mpesa-enter-pin")
    assert "0712 345 678" in page.locator("#mpesa-heading").inner_text()


def test_after_a_daily_limit_another_number_pays_without_unfolding(new_visitor: Any) -> None:
    page = opens(new_visitor, "failed, another number")

    page.locator("#mpesa-payment input[type=tel]").fill("0708 374 149")
    page.locator("#mpesa-payment .btn-primary").click()

    page.wait_for_selector(".mpesa-enter-pin")
    assert "0708 374 149" in page.locator("#mpesa-heading").inner_text()


def test_pay_later_shows_deadline_then_link_then_paying_now(new_visitor: Any) -> None:
    page = opens(new_visitor, "failed, pays later")

    places = [top(page, each) for each in ("#mpesa-heading", "#mpesa-pay-link", "#mpesa-pay-now", "#mpesa-again")]

    assert re.fullmatch(r"Reserved until [A-Z][a-z]{2} \d\d:\d\d", page.locator("#mpesa-heading").inner_text())
    assert places == sorted(places)
    assert "canceled" not in page.locator("#mpesa-page-status").inner_text()


def test_number_in_the_heading_stays_on_one_line_after_an_update(new_visitor: Any) -> None:
    page = opens(new_visitor, "failed, cancelled")
    page.locator("#mpesa-payment .btn-primary").click()
    page.wait_for_selector(".mpesa-enter-pin")

    lines = page.locator("#mpesa-heading .text-nowrap").evaluate_all(LINES)

    assert lines == [1, 1]
