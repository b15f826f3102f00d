"""The README's picture, as ``make picture`` takes it."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from tests.browser.conftest import PICTURES

pytestmark = pytest.mark.browser

#: Of each of the two screens, in pixels.
SIZE = {"width": 360, "height": 820}


def test_the_picture_of_the_readme_is_small(new_person: Any, settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "NAME_ON_PROMPT": "DUKA LA PWANI"}
    guest = new_person()
    phone = guest.context.new_page()
    phone.set_viewport_size(SIZE)
    phone.goto(f"{guest.shop}/handset/")
    guest.orders("0712 345 678")
    guest.sees("enter-pin")
    phone.wait_for_selector("#pad:visible")

    corner = {"x": 0, "y": 0, **SIZE}
    screens = [page.screenshot(full_page=True, clip=corner, animations="disabled") for page in (guest.page, phone)]
    picture = PICTURES / "waiting.png"
    _beside(screens).save(picture, optimize=True)

    assert picture.stat().st_size < 80_000


def _beside(screens: list[bytes]) -> Image.Image:
    """The screens on one sheet, in the few colours that they have."""
    pages = [Image.open(io.BytesIO(screen)).convert("RGB") for screen in screens]
    gap = 24
    sheet = Image.new("RGB", (sum(page.width for page in pages) + gap, pages[0].height), "white")
    for number, page in enumerate(pages):
        sheet.paste(page, (number * (page.width + gap), 0))
    return sheet.quantize(64, dither=Image.Dither.NONE)
