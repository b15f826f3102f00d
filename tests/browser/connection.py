"""A page's time and connection, which the test holds in its hands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from oscar_mpesa.models import MpesaPayment
from tests.browser.shopper import Person

if TYPE_CHECKING:
    from playwright.sync_api import Route

STATUS = "**/status/"


def stands_still(guest: Person, payment: MpesaPayment, *, at: float | None = None) -> Person:
    """Open the payment page with a clock that stands still, on time or at other seconds since 1970."""
    guest.owns(payment).page.clock.install(**({} if at is None else {"time": at}))
    guest.waits_for(payment).page.wait_for_selector(".mpesa-panel")
    guest.page.clock.pause_at(guest.page.evaluate("Date.now()") / 1000 + 1)
    return guest


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


def waits_for_text(guest: Person, selector: str, text: str) -> None:
    """Wait until an element has a text, which may stand anywhere in it."""
    guest.page.locator(selector).filter(has_text=text).wait_for(state="attached")


class HeldBack(list["Route"]):
    """Requests that are on their way until they are let go, and whether more are held back."""

    is_on = True


def waits_for_question(guest: Person, on_hold: HeldBack) -> None:
    """Wait until a question is held back, without letting the page's time pass."""
    for _ in range(100):
        if on_hold:
            return
        guest.page.wait_for_timeout(50)
    raise AssertionError("the page asked nothing")


@contextmanager
def held_back(guest: Person) -> Iterator[HeldBack]:
    """The page's questions are on their way, until they are let go; none is left without an answer."""
    on_hold = HeldBack()
    guest.page.route(STATUS, lambda route: on_hold.append(route) if on_hold.is_on else route.continue_())
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
