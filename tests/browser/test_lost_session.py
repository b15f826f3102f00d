"""A browser that may no longer see an order stops asking, forgets what it showed, and says so."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.sessions.models import Session

from tests.browser.connection import STATUS, stands_still, time_passes
from tests.browser.shopper import Person
from tests.browser.states import STATES, enter_pin

pytestmark = pytest.mark.browser


def listens(guest: Person) -> list[str]:
    """Every request of the page from now on."""
    asked: list[str] = []
    guest.page.on("request", lambda request: asked.append(request.url))
    return asked


def is_quiet(guest: Person, asked: list[str]) -> bool:
    """Nothing is asked in ten minutes, nor when the shopper comes back."""
    count = len(asked)
    guest.page.clock.run_for(600_000)
    guest.page.evaluate("['focus', 'online', 'pageshow'].forEach((name) => window.dispatchEvent(new Event(name)))")
    guest.page.wait_for_timeout(300)
    return len(asked) == count


@pytest.mark.parametrize("state", ["enter-pin", "failed, wrong PIN"])
def test_page_says_that_its_session_is_lost_and_stops(new_visitor: Any, state: str) -> None:
    payment = STATES[state]()
    guest = stands_still(new_visitor(), payment)
    before = guest.looks("before")
    guest.page.evaluate("window.isTheSamePage = true")
    asked = listens(guest)

    Session.objects.all().delete()
    time_passes(guest, until=guest.page.locator(".mpesa-lost").count)

    title = guest.page.locator("#mpesa-lost").get_attribute("data-title") or ""
    lost, heard = guest.looks("lost"), guest.page.inner_text("#mpesa-live")
    assert title and title not in before
    assert guest.page.locator("h1").inner_text() == title
    assert guest.page.title().startswith(f"{title} | ")
    assert heard.startswith(f"{title}. ") and heard.count(".") == 2
    assert guest.page.evaluate("[document.activeElement.id, isTheSamePage]") == ["mpesa-heading", True]
    assert guest.page.locator("#mpesa-lost").is_visible()
    number = str(payment.mpesa_order.order.number)
    assert (number in before, number in lost, guest.page.locator("#mpesa-next").count()) == (True, False, 0)
    assert is_quiet(guest, asked)


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize("refused", ["the status", "the page"])
def test_page_stops_after_a_refusal(new_visitor: Any, status: int, refused: str) -> None:
    payment = enter_pin()
    guest = stands_still(new_visitor(), payment)
    asked = listens(guest)

    if refused == "the status":
        guest.page.route(STATUS, lambda route: route.fulfill(status=status))
    else:
        guest.page.route(STATUS, lambda route: route.fulfill(json={"version": "another"}))
        guest.page.route(guest.page.url, lambda route: route.fulfill(status=status))
    guest.page.click("#mpesa-check")
    guest.page.wait_for_selector(".mpesa-lost")

    assert guest.page.locator("#mpesa-lost").is_visible()
    assert is_quiet(guest, asked)
    assert asked


def test_lost_page_says_the_same_as_the_page_of_no_order(new_visitor: Any) -> None:
    payment = enter_pin()
    guest = stands_still(new_visitor(), payment)

    Session.objects.all().delete()
    guest.page.click("#mpesa-check")
    guest.page.wait_for_selector(".mpesa-lost")
    lost = guest.page.locator("#mpesa-lost p").all_inner_texts()
    heading = guest.page.locator("h1").inner_text()
    answer = guest.page.goto(f"{guest.shop}/en/checkout/mpesa/{'0' * 32}/")

    assert answer is not None and answer.status == 404
    assert lost == guest.page.locator(".mpesa-panel p").all_inner_texts()
    assert (heading, len(lost) > 0) == (guest.page.locator("h1").inner_text(), True)
