"""Times on pages are Nairobi's, with the day only if it is not today."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import translation

from oscar_mpesa.payment_page.formats import exact_clock, weekday_and_time
from tests.shop import NOON, later


@pytest.mark.parametrize(
    ("days", "text"), [(0, "15:00"), (1, "Tue 15:00"), (6, "Sun 15:00"), (7, "30 Nov, 15:00"), (-1, "22 Nov, 15:00")]
)
def test_time_has_the_weekday_within_a_week(days: int, text: str) -> None:
    assert weekday_and_time(NOON + timedelta(days=days), NOON) == text


def test_weekday_is_in_the_active_language() -> None:
    with translation.override("sw"):
        texts = [weekday_and_time(NOON + timedelta(days=days), NOON) for days in (1, 2)]

    assert texts == ["Jnne 15:00", "Jtano 15:00"]


def test_exact_clock_has_seconds() -> None:
    assert exact_clock(later(7)) == "15:00:07"
