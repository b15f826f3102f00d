"""Template filters format amounts and times."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from django.utils import translation

from oscar_mpesa.templatetags.mpesa import clock, from_clock, ksh, number, when
from tests.shop import NOON


@pytest.mark.parametrize("language", ["en", "sw"])
def test_amounts_and_times_do_not_change_with_the_language(language: str) -> None:
    moment = datetime(2026, 11, 23, 12, 34, tzinfo=timezone.utc)

    with translation.override(language):
        assert (ksh(1500), ksh(Decimal("1499.50")), clock(moment)) == ("KSh 1,500", "KSh 1,499.50", "15:34")


def test_none_is_formatted_as_empty() -> None:
    assert (ksh(None), clock(None), from_clock(None)) == ("", "", "")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "15:00"), (1, "15:01"), (59.9, "15:01"), (60, "15:01"), (60.1, "15:02")]
)
def test_from_clock_rounds_up_to_the_minute(seconds: float, text: str) -> None:
    assert from_clock(NOON + timedelta(seconds=seconds)) == text


def test_time_of_another_day_includes_the_day() -> None:
    assert when(NOON, NOON) == "15:00"
    assert when(NOON + timedelta(days=1), NOON) == "15:00, 24 Nov"
    assert when(None, NOON) == ""


def test_number_has_a_comma_for_thousands() -> None:
    assert [number(count) for count in (None, 0, 999, 1_500_000)] == ["", "0", "999", "1,500,000"]
