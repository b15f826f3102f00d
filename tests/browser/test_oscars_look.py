"""Our parts of the checkout are readable in Oscar's own look. Its blue has too little contrast for small words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.axe import ALL_WIDTHS, violations_at_all_widths
from tests.browser.shopper import five_seconds_pass

pytestmark = pytest.mark.browser


def test_our_parts_have_no_violations_in_oscars_look(new_person: Any) -> None:
    guest = new_person()
    guest.context.route("**/duka.css", lambda route: route.fulfill(body="", content_type="text/css"))
    found: dict[str, list[str]] = {}

    def reads(name: str, within: str = ".mpesa-panel") -> None:
        found[name] = violations_at_all_widths(guest.page, within=within, widths=ALL_WIDTHS)
        guest.looks(name)

    guest.fills_basket().goes_to_payment()
    reads("chooser")
    blue = guest.page.locator(".mpesa-panel .btn-primary").evaluate("at => getComputedStyle(at).backgroundColor")
    guest.chooses("mpesa")
    reads("phone")
    guest.names_phone("99")
    reads("refused phone")
    guest.names_phone("0708374151")
    reads("preview", ".col-sm-6:has(.mpesa-mark)")
    reads("button", ".mpesa-place")
    guest.places_order().sees("enter-pin")
    reads("waiting")
    five_seconds_pass()
    guest.sees("failed")
    reads("failed")

    assert blue == "rgb(0, 123, 255)"
    assert {name: lines for name, lines in found.items() if lines} == {}
    assert len(found) == 7
