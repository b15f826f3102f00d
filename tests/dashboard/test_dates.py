"""The fields for days, and their limits."""

from __future__ import annotations

from datetime import date

import pytest
from django import forms

from oscar_mpesa.dashboard.dates import DayField, FilterDayField, day_after, midnight


@pytest.mark.parametrize(("text", "day"), [("2000-01-01", date(2000, 1, 1)), ("2999-12-31", date(2999, 12, 31))])
def test_filter_accepts_days_between_its_limits(text: str, day: date) -> None:
    assert FilterDayField().clean(text) == day
    assert FilterDayField().clean("") is None


@pytest.mark.parametrize("text", ["1999-12-31", "0001-01-01", "3000-01-01", "23.11.2026"])
@pytest.mark.parametrize("field", [DayField, FilterDayField])
def test_other_days_are_refused(field: type[DayField], text: str) -> None:
    with pytest.raises(forms.ValidationError):
        field().clean(text)


@pytest.mark.parametrize(
    ("day", "first", "end"),
    [
        (date(2026, 11, 23), "2026-11-23", "2026-11-24"),
        (date.min, "2000-01-01", "2000-01-01"),
        (date.max, "3000-01-01", "3000-01-01"),
    ],
)
def test_range_of_an_extreme_day_is_in_range(day: date, first: str, end: str) -> None:
    assert (f"{midnight(day):%Y-%m-%d}", f"{midnight(day_after(day)):%Y-%m-%d}") == (first, end)


def test_day_field_renders_an_iso_date() -> None:
    assert 'type="date" name="day" value="2026-11-23"' in DayField().widget.render("day", date(2026, 11, 23))
    with pytest.raises(forms.ValidationError):
        DayField().clean("")
