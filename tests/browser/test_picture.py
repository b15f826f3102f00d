"""The pictures in the README and in docs/take-money.md, as ``make pictures`` takes them."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from oscar_mpesa.models import MpesaJobRun
from tests.browser import states
from tests.browser.conftest import PICTURES
from tests.pay_links import link_to

pytestmark = pytest.mark.browser

#: Of each of the two screens, in pixels.
SIZE = {"width": 360, "height": 820}


@pytest.fixture(autouse=True)
def _periodic_work_is_done(transactional_db: None) -> None:
    """Let the demo's bar say what it says under ``make sandbox``."""
    MpesaJobRun.objects.create(job="reconcile", last_run_at=timezone.now())


def test_the_picture_of_the_readme_is_small(new_person: Any, settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "NAME_ON_PROMPT": "DUKA LA PWANI"}
    guest = new_person()
    phone = guest.context.new_page()
    phone.set_viewport_size(SIZE)
    phone.goto(f"{guest.shop}/practice-phone/")
    guest.orders("0712 345 678")
    guest.sees("enter-pin")
    phone.wait_for_selector("#pad:visible")

    corner = {"x": 0, "y": 0, **SIZE}
    screens = [page.screenshot(full_page=True, clip=corner, animations="disabled") for page in (guest.page, phone)]
    picture = PICTURES / "waiting.png"
    _beside(screens).save(picture, optimize=True)

    assert picture.stat().st_size < 80_000


#: The pages that docs/take-money.md shows: the state, the order in it, and the language it is read in.
PAGES = {
    "enter-pin": (states.enter_pin, "en"),
    "failed": (states.failed(1032), "en"),
    "kept": (states.pays_later, "sw"),
    "to-pay": (states.pays_later, "en"),
    "paid": (states.paid, "sw"),
    "closed": (states.closed, "en"),
}


@pytest.mark.parametrize("name", PAGES)
def test_the_pictures_of_the_pages_are_small(new_visitor: Any, name: str) -> None:
    build, language = PAGES[name]
    payment = build()
    person = new_visitor(language=language)
    if name == "to-pay":
        person.page.goto(person.shop + reverse("checkout:mpesa-pay-link", args=[link_to(payment).token]))
    else:
        person.owns(payment).waits_for(payment)

    panel = person.page.locator("#mpesa-payment").bounding_box()
    clip = {"x": 0, "y": 0, "width": SIZE["width"], "height": panel["y"] + panel["height"] + 24}
    part = person.page.screenshot(full_page=True, clip=clip, animations="disabled")
    picture = PICTURES / "pages" / f"{name}.png"
    picture.parent.mkdir(parents=True, exist_ok=True)
    _few_colours(Image.open(io.BytesIO(part)).convert("RGB")).save(picture, optimize=True)

    assert picture.stat().st_size < 40_000


def _few_colours(sheet: Image.Image) -> Image.Image:
    return sheet.quantize(64, dither=Image.Dither.NONE)


def _beside(screens: list[bytes]) -> Image.Image:
    """The screens on one sheet, in the few colours that they have."""
    pages = [Image.open(io.BytesIO(screen)).convert("RGB") for screen in screens]
    gap = 24
    sheet = Image.new("RGB", (sum(page.width for page in pages) + gap, pages[0].height), "white")
    for number, page in enumerate(pages):
        sheet.paste(page, (number * (page.width + gap), 0))
    return _few_colours(sheet)
