"""The payment page on unreliable networks and in browsers that stop scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from oscar_mpesa.models import MpesaPayment
from tests.browser.shopper import Person
from tests.browser.states import enter_pin, failed
from tests.shop import CANCELS, pay

if TYPE_CHECKING:
    from playwright.sync_api import Route

pytestmark = pytest.mark.browser

STATUS = "**/status/"


@pytest.fixture
def waiting(new_visitor: Any) -> tuple[Person, MpesaPayment]:
    """Somebody at a waiting page whose clock stands still, so that it asks when the test lets time pass."""
    payment = enter_pin()
    guest: Person = new_visitor().owns(payment)
    guest.page.clock.install()
    guest.waits_for(payment).sees("enter-pin")
    guest.page.clock.pause_at(guest.page.evaluate("Date.now()") + 1000)
    return guest, payment


def time_passes(guest: Person, *, until: Callable[[], Any]) -> None:
    """On the page's clock, until something has happened."""
    for _ in range(100):
        if until():
            return
        guest.page.clock.run_for(5_000)
        guest.page.wait_for_timeout(50)
    raise AssertionError("it never happened")


def comes_to(guest: Person, state: str) -> str:
    """Time passes until the page is in a state; its words."""
    time_passes(guest, until=guest.page.locator(f".mpesa-{state}").count)
    return guest.sees(state)


@contextmanager
def held_back(guest: Person) -> Iterator[list[Route]]:
    """The page's questions are on their way, until they are let go; none is left without an answer."""
    on_hold: list[Route] = []
    guest.page.route(STATUS, lambda route: on_hold.append(route))
    try:
        yield on_hold
    finally:
        for route in on_hold:
            route.abort()
        guest.page.unroute(STATUS)


@contextmanager
def scripts_stopped(guest: Person) -> Iterator[None]:
    """As Opera Mini does once a page is there."""
    browser = guest.context.new_cdp_session(guest.page)
    browser.send("Emulation.setScriptExecutionDisabled", {"value": True})
    yield
    browser.send("Emulation.setScriptExecutionDisabled", {"value": False})


def test_offline_page_keeps_its_state_and_updates_once_online(
    waiting: tuple[Person, MpesaPayment],
) -> None:
    guest, payment = waiting
    lost: list[str] = []
    guest.page.on("requestfailed", lambda request: lost.append(request.url))
    before = guest.looks("online")

    guest.context.set_offline(True)
    pay(payment, now=timezone.now())
    time_passes(guest, until=lambda: lost)
    offline = guest.looks("offline")
    guest.context.set_offline(False)

    assert offline == before
    assert "Paid. Thank you!" in guest.sees("paid")


def test_page_works_during_a_slow_request(waiting: tuple[Person, MpesaPayment]) -> None:
    guest, payment = waiting

    with held_back(guest) as on_hold:
        time_passes(guest, until=lambda: on_hold)
        pay(payment, now=timezone.now())
        guest.page.click("#mpesa-none")
        slow = guest.looks("slow")
        on_hold.pop().continue_()
        paid = guest.sees("paid")

    assert "Unlock the phone and look again." in slow
    assert "Enter the M-PESA PIN there" in slow
    assert "Paid. Thank you!" in paid


def test_lost_request_is_repeated(waiting: tuple[Person, MpesaPayment]) -> None:
    guest, payment = waiting

    with held_back(guest) as on_hold:
        time_passes(guest, until=lambda: on_hold)
        pay(payment, now=timezone.now())
        time_passes(guest, until=lambda: len(on_hold) > 1)

    assert "Paid. Thank you!" in comes_to(guest, "paid")


@pytest.mark.parametrize("trouble", [503, None], ids=["server in trouble", "no connection"])
def test_page_shows_the_result_after_several_failures(
    waiting: tuple[Person, MpesaPayment], trouble: int | None
) -> None:
    guest, payment = waiting
    asked: list[str] = []
    guest.page.on("request", lambda request: asked.append(request.url))

    guest.page.route(STATUS, lambda route: route.fulfill(status=trouble) if trouble else route.abort())
    time_passes(guest, until=lambda: len(asked) > 3)
    meanwhile = guest.looks("trouble")
    pay(payment, now=timezone.now())
    guest.page.unroute(STATUS)

    assert "Enter the M-PESA PIN there" in meanwhile
    assert "Paid. Thank you!" in comes_to(guest, "paid")


def test_check_now_works_after_scripts_stop(waiting: tuple[Person, MpesaPayment]) -> None:
    guest, payment = waiting

    with held_back(guest) as on_hold:
        time_passes(guest, until=lambda: on_hold)
        with scripts_stopped(guest):
            pay(payment, now=timezone.now())
            guest.page.evaluate("window.dispatchEvent(new Event('focus'))")
            still = guest.looks("stopped")
            with guest.page.expect_navigation():
                guest.page.click("#mpesa-check")
            paid = guest.sees("paid")

    assert "Enter the M-PESA PIN there" in still
    assert "Paid. Thank you!" in paid


def test_send_again_works_after_scripts_stop(new_visitor: Any) -> None:
    payment = failed(2001, phone=CANCELS)()
    guest = new_visitor().owns(payment).waits_for(payment)
    guest.page.wait_for_selector("#mpesa-again[aria-disabled]")
    guest.page.click("#mpesa-again", force=True)
    too_early = MpesaPayment.objects.count()

    with scripts_stopped(guest):
        MpesaPayment.objects.update(push_sent_at=timezone.now() - timedelta(seconds=70))
        with guest.page.expect_navigation():
            guest.page.click("#mpesa-again", force=True)
        guest.sees("enter-pin")

    assert (too_early, MpesaPayment.objects.count()) == (1, 2)
