"""Check now works in place, says what came of it, and keeps the focus."""

from __future__ import annotations

import re
from datetime import timedelta
from datetime import timezone as zones
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from oscar_mpesa.models import MpesaPayment
from tests.browser.connection import (
    STATUS,
    held_back,
    scripts_stopped,
    stands_still,
    time_passes,
    waits_for_question,
    waits_for_text,
)
from tests.browser.shopper import Person
from tests.browser.states import enter_pin
from tests.shop import pay

if TYPE_CHECKING:
    from playwright.sync_api import Route

pytestmark = pytest.mark.browser

OFFLINE = "No connection. The prompt is still on the phone."


@pytest.fixture
def waiting(new_visitor: Any) -> tuple[Person, MpesaPayment]:
    """Somebody at a waiting page whose script asks only if the test lets time pass, or presses the button."""
    payment = enter_pin()
    guest = stands_still(new_visitor(), payment)
    guest.page.evaluate("window.isTheSamePage = true")
    guest.page.focus("#mpesa-check")
    return guest, payment


def says(guest: Person) -> str:
    """What stands beside the button."""
    words: str = guest.page.locator("#mpesa-checked").inner_text()
    return words


def heard(guest: Person) -> str:
    """What a screen reader read out last."""
    return str(guest.page.evaluate("document.querySelector('#mpesa-live').textContent"))


def stands(guest: Person) -> tuple[bool, str]:
    """Whether this is still the page that was opened, and what has the focus."""
    where = guest.page.evaluate("[!!window.isTheSamePage, document.activeElement.id]")
    return where[0], where[1]


def test_check_now_checks_in_place_and_says_when(waiting: tuple[Person, MpesaPayment]) -> None:
    guest, _ = waiting

    with held_back(guest) as on_hold:
        guest.page.keyboard.press("Enter")
        waits_for_text(guest, "#mpesa-checked", "Checking…")
        waits_for_question(guest, on_hold)
        with guest.page.expect_response(STATUS) as answer:
            on_hold.pop().continue_()
        waits_for_text(guest, "#mpesa-checked", "Checked at")

    answered_at = parsedate_to_datetime(answer.value.headers["date"])
    nairobi = answered_at.astimezone(zones(timedelta(hours=3)))
    assert says(guest) == heard(guest) == f"Checked at {nairobi:%H:%M:%S}"
    assert stands(guest) == (True, "mpesa-check")


def test_check_now_shows_and_announces_only_the_change(waiting: tuple[Person, MpesaPayment]) -> None:
    guest, payment = waiting

    pay(payment, now=timezone.now())
    guest.page.click("#mpesa-check")
    guest.sees("paid")

    assert heard(guest).startswith("Paid. Thank you!")
    assert "Checked at" not in heard(guest)
    assert stands(guest) == (True, "mpesa-heading")


def test_check_now_says_that_there_is_no_connection(waiting: tuple[Person, MpesaPayment]) -> None:
    guest, _ = waiting

    guest.page.route(STATUS, lambda route: route.abort())
    guest.page.click("#mpesa-check")
    waits_for_text(guest, "#mpesa-checked", OFFLINE)
    offline = stands(guest), heard(guest)
    guest.page.unroute(STATUS)
    guest.page.click("#mpesa-check")
    waits_for_text(guest, "#mpesa-checked", "Checked at")

    assert offline == ((True, "mpesa-check"), OFFLINE)
    assert stands(guest) == (True, "mpesa-check")


def test_lost_connection_is_said_at_once_and_taken_back(waiting: tuple[Person, MpesaPayment]) -> None:
    guest, _ = waiting

    guest.context.set_offline(True)
    waits_for_text(guest, "#mpesa-checked", OFFLINE)
    offline = heard(guest)
    guest.context.set_offline(False)
    waits_for_text(guest, "#mpesa-checked", "Checked at")

    assert offline == OFFLINE
    assert heard(guest) == says(guest)
    assert stands(guest) == (True, "mpesa-check")


def test_answer_that_does_not_come_is_said_after_ten_seconds(waiting: tuple[Person, MpesaPayment]) -> None:
    guest, _ = waiting

    with held_back(guest) as on_hold:
        guest.page.click("#mpesa-check")
        waits_for_question(guest, on_hold)
        guest.page.clock.run_for(9_000)
        early = says(guest)
        guest.page.clock.run_for(1_500)
        late = says(guest)
        on_hold.pop().continue_()
        waits_for_text(guest, "#mpesa-checked", "Checked at")

    assert (early, late) == ("Checking…", OFFLINE)
    assert heard(guest) == says(guest)


def test_shop_in_trouble_is_not_called_a_lost_connection(waiting: tuple[Person, MpesaPayment]) -> None:
    guest, _ = waiting
    before = says(guest)

    guest.page.route(STATUS, lambda route: route.fulfill(status=503))
    guest.page.click("#mpesa-check")
    trouble = guest.page.locator("#mpesa-checked").get_attribute("data-failed") or ""
    waits_for_text(guest, "#mpesa-checked", trouble)

    assert trouble and trouble not in before
    assert heard(guest) == trouble
    assert OFFLINE not in says(guest)


def test_late_page_does_not_overwrite_a_newer_one(waiting: tuple[Person, MpesaPayment]) -> None:
    guest, payment = waiting
    late: list[tuple[Route, str]] = []
    address = guest.page.url

    MpesaPayment.objects.update(push_sent_at=timezone.now() - timedelta(seconds=80))
    guest.page.route(address, lambda route: late.append((route, route.fetch().text())), times=1)
    time_passes(guest, until=lambda: late)
    payment.refresh_from_db()
    pay(payment, now=timezone.now())
    guest.page.click("#mpesa-check")
    guest.sees("paid")
    route, old = late[0]
    with guest.page.expect_event("requestfinished"):
        route.fulfill(body=old, content_type="text/html")
    guest.page.wait_for_timeout(200)

    assert "mpesa-checking" in old
    assert guest.page.locator(".mpesa-paid").count() == 1


def test_return_from_the_cache_of_pages_checks_at_once(waiting: tuple[Person, MpesaPayment]) -> None:
    guest, payment = waiting

    with held_back(guest) as on_hold:
        time_passes(guest, until=lambda: on_hold)
        guest.page.evaluate("window.dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
        on_hold.is_on = False
        pay(payment, now=timezone.now())
        guest.page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
        paid = guest.sees("paid")

    assert "KSh 1,500" in paid
    assert stands(guest) == (True, "mpesa-heading")


def test_two_tabs_come_to_the_same_result(new_visitor: Any) -> None:
    payment = enter_pin()
    guest = new_visitor().owns(payment).waits_for(payment)
    other = guest.opens_tab()

    guest.page.click("#mpesa-check")
    pay(payment, now=timezone.now())
    other.page.click("#mpesa-check")
    other.sees("paid")
    guest.page.bring_to_front()

    assert "KSh 1,500" in guest.sees("paid")


def test_check_now_is_a_plain_link_after_scripts_stop(waiting: tuple[Person, MpesaPayment]) -> None:
    guest, payment = waiting

    with scripts_stopped(guest):
        pay(payment, now=timezone.now())
        with guest.page.expect_navigation():
            guest.page.keyboard.press("Enter")
        paid = guest.sees("paid")

    assert "KSh 1,500" in paid
    assert stands(guest)[0] is False


def test_check_now_is_a_plain_link_without_scripts(new_visitor: Any) -> None:
    payment = enter_pin()
    guest = new_visitor(scripts=False).owns(payment).waits_for(payment)
    before = says(guest)

    pay(payment, now=timezone.now())
    with guest.page.expect_navigation():
        guest.page.click("#mpesa-check")

    assert re.fullmatch(r"Checked at \d\d:\d\d:\d\d", before)
    assert "KSh 1,500" in guest.sees("paid")
