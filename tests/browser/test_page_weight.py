"""The payment page stays light: what of it is ours is small, and keeps no browser waiting."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from tests.browser.states import STATES

pytestmark = pytest.mark.browser

#: What is ours in the document as the server sent it.
OURS = """(text) => {
    const page = new DOMParser().parseFromString(text, "text/html");
    const head = [...page.querySelectorAll("[href*='oscar_mpesa'], [src*='oscar_mpesa']")];
    const parts = [...page.querySelectorAll("#mpesa-heading, #mpesa-payment, #mpesa-summary")];
    const outermost = parts.filter((part) => !parts.some((other) => other !== part && other.contains(part)));
    return [...head, ...outermost].map((part) => part.outerHTML).join("");
}"""

#: What keeps the browser from the first paint: our stylesheets, and our scripts that it waits for.
BLOCKING = """() => [
    ...document.querySelectorAll("link[rel=stylesheet][href*='oscar_mpesa']"),
    ...document.querySelectorAll("script[src*='oscar_mpesa']:not([defer]):not([async])"),
    ...document.querySelectorAll("#mpesa-payment script, #mpesa-payment style, #mpesa-payment [style]"),
].map((each) => each.outerHTML)"""


def over_the_wire(body: bytes, *, level: int) -> int:
    """Its bytes in gzip, without the headers of the response."""
    return len(gzip.compress(body, compresslevel=level))


@pytest.mark.parametrize("state", ["enter-pin", "failed, another number", "failed, pays later", "paid"])
def test_our_part_of_the_page_is_at_most_ten_kilobytes(new_visitor: Any, state: str) -> None:
    payment = STATES[state]()
    guest = new_visitor().owns(payment)
    files: dict[str, bytes] = {}
    guest.page.on("response", lambda response: files.update({response.url: response.body()}))

    guest.waits_for(payment).page.wait_for_load_state("networkidle")
    html = str(guest.page.evaluate(OURS, files[guest.page.url].decode()))
    ours = {url: body for url, body in files.items() if "/oscar_mpesa/" in url}

    assert {url.rpartition("/")[2] for url in ours} >= {"mpesa.css", "payment_page.js"}
    assert 'id="mpesa-next"' in html
    # WhiteNoise compresses files at level 9, Django's middleware and nginx compress pages at a lower one.
    weight = sum(over_the_wire(body, level=9) for body in ours.values()) + over_the_wire(html.encode(), level=6)
    assert weight <= 10_000, {url: over_the_wire(body, level=9) for url, body in ours.items()}


def test_only_one_file_of_ours_delays_the_first_paint(new_visitor: Any) -> None:
    payment = STATES["enter-pin"]()
    guest = new_visitor().owns(payment).waits_for(payment)

    blocking = guest.page.evaluate(BLOCKING)

    assert len(blocking) == 1 and "mpesa.css" in blocking[0]
    assert guest.page.locator("script[src*='payment_page.js'][defer][fetchpriority=low]").count() == 1
