"""Charts are well-formed SVG with a title and without styles."""

from __future__ import annotations

from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest

from oscar_mpesa.dashboard.overview.charts import bars, share

SVG = "{http://www.w3.org/2000/svg}"


def drawn(picture: str) -> ET.Element:
    """Parse the SVG with the namespace that HTML implies."""
    return ET.fromstring(picture.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1))  # noqa: S314 - ours


def heights(picture: str) -> dict[int, int]:
    return {int(each.attrib["x"]): int(each.attrib["height"]) for each in drawn(picture).iter(f"{SVG}rect")}


def test_bars_are_proportional_to_the_maximum() -> None:
    assert heights(bars([Decimal(500), Decimal(1000), Decimal(0), Decimal(250)], title="")) == {
        0: 30,
        10: 60,
        30: 15,
    }


def test_small_positive_value_has_a_visible_bar() -> None:
    assert heights(bars([1, 1_000_000], title=""))[0] == 1


@pytest.mark.parametrize("values", [[], [0, 0, 0]], ids=["no days", "days of nothing"])
def test_zero_values_have_no_bars(values: list[int]) -> None:
    assert heights(bars(values, title="")) == {}


def test_title_is_escaped_and_describes_the_chart() -> None:
    picture = drawn(bars([1], title="the most was <b>KSh 5</b> & more"))

    assert picture.attrib["role"] == "img"
    assert picture.findtext(f"{SVG}title") == "the most was <b>KSh 5</b> & more"


def test_share_is_hidden_from_screen_readers() -> None:
    picture = drawn(share(41))

    assert picture.attrib["aria-hidden"] == "true"
    assert [each.attrib["width"] for each in picture.iter(f"{SVG}rect")] == ["100", "41"]


@pytest.mark.parametrize("picture", [bars([1, 2], title="x"), share(50)], ids=["bars", "share"])
def test_chart_has_no_styles_or_scripts(picture: str) -> None:
    assert "<svg" in picture
    assert "style" not in picture
    assert "<script" not in picture
