"""Pictures of figures are well-formed SVG that says in words what it shows, and no style stands in it."""

from __future__ import annotations

from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest

from oscar_mpesa.dashboard.overview.charts import bars, share

SVG = "{http://www.w3.org/2000/svg}"


def drawn(picture: str) -> ET.Element:
    """As a browser reads it inside HTML, where the namespace goes without saying."""
    return ET.fromstring(picture.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1))


def heights(picture: str) -> dict[int, int]:
    return {int(each.attrib["x"]): int(each.attrib["height"]) for each in drawn(picture).iter(f"{SVG}rect")}


def test_the_most_is_as_high_as_the_picture_and_the_others_in_proportion() -> None:
    assert heights(bars([Decimal(500), Decimal(1000), Decimal(0), Decimal(250)], title="")) == {
        0: 30,
        10: 60,
        30: 15,
    }


def test_a_shilling_beside_a_fortune_is_seen() -> None:
    assert heights(bars([1, 1_000_000], title=""))[0] == 1


@pytest.mark.parametrize("values", [[], [0, 0, 0]], ids=["no days", "days of nothing"])
def test_where_there_is_nothing_nothing_is_drawn(values: list[int]) -> None:
    assert heights(bars(values, title="")) == {}


def test_it_says_what_it_shows_and_takes_no_markup_from_it() -> None:
    picture = drawn(bars([1], title="the most was <b>KSh 5</b> & more"))

    assert picture.attrib["role"] == "img"
    assert picture.findtext(f"{SVG}title") == "the most was <b>KSh 5</b> & more"


def test_a_bar_beside_its_number_is_silent() -> None:
    picture = drawn(share(41))

    assert picture.attrib["aria-hidden"] == "true"
    assert [each.attrib["width"] for each in picture.iter(f"{SVG}rect")] == ["100", "41"]


@pytest.mark.parametrize("picture", [bars([1, 2], title="x"), share(50)], ids=["bars", "share"])
def test_nothing_in_it_is_refused_by_a_strict_policy_for_styles(picture: str) -> None:
    assert "<svg" in picture
    assert "style" not in picture
    assert "<script" not in picture
