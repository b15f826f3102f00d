"""The checkout's current step is in sight on the narrowest phone, and our pages continue the shop's count."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.shopper import ADDRESS, Person

pytestmark = pytest.mark.browser


def _step_in_sight(person: Person) -> str:
    """Return the words of the current step, if all of its box is within the window."""
    step = person.page.locator("[aria-current=step]")
    box = step.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= person.width
    words: str = step.inner_text()
    return words


@pytest.mark.parametrize(
    ("language", "steps"),
    [
        ("en", ["1. Shipping address", "2. Shipping method", "3. Payment", "3. Payment", "4. Preview"]),
        ("sw", ["1. Anwani", "2. Usafirishaji", "3. Malipo", "3. Malipo", "4. Hakiki"]),
    ],
)
@pytest.mark.parametrize("scripts", [True, False])
def test_current_step_is_in_sight_on_a_narrow_phone(
    new_person: Any, language: str, steps: list[str], scripts: bool
) -> None:
    guest = new_person(width=320, language=language, scripts=scripts)
    guest.fills_basket().goes("checkout/")
    guest.page.fill("#id_username", "guest@example.com")
    guest.page.check("input[name=options][value=anonymous]")
    guest.page.locator("form button[type=submit]").last.click()
    seen = [_step_in_sight(guest)]
    for name, text in {**ADDRESS, "phone_number": "0712345678"}.items():
        guest.page.fill(f"[name={name}]", text)
    guest.page.locator("#new_shipping_address button[type=submit]").click()
    seen.append(_step_in_sight(guest))
    guest.page.locator("form:has([name=method_code]) button[type=submit]").first.click()
    seen.append(_step_in_sight(guest))
    guest.chooses("mpesa")
    seen.append(_step_in_sight(guest))
    guest.names_phone("0712345678")
    seen.append(_step_in_sight(guest))

    assert seen == steps
    assert guest.fits()
