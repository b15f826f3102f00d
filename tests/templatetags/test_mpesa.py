"""Template filters format amounts and times."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from django.utils import translation

from oscar_mpesa.templatetags.mpesa import clock, from_clock, ksh, number, unbroken, weekday_and_time, when
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


def test_time_to_come_names_the_weekday() -> None:
    assert weekday_and_time(NOON, NOON) == "15:00"
    assert weekday_and_time(NOON + timedelta(days=1), NOON) == "Tue 15:00"
    assert weekday_and_time(None, NOON) == ""


@pytest.mark.parametrize("whole", ["M-PESA", "KSh 1,500", "0712 345 678", "0722 •••000"])
def test_names_amounts_and_phones_stay_on_one_line(whole: str) -> None:
    assert unbroken(f"<b> {whole}.") == f'&lt;b&gt; <span class="text-nowrap">{whole}</span>.'
    assert unbroken("Time ran out") == "Time ran out"


def test_number_has_a_comma_for_thousands() -> None:
    assert [number(count) for count in (None, 0, 999, 1_500_000)] == ["", "0", "999", "1,500,000"]
