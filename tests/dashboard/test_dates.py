"""The fields for days, and their limits."""

from __future__ import annotations

from datetime import date

import pytest
from django import forms

from oscar_mpesa.dashboard.dates import DayField, FilterDayField


@pytest.mark.parametrize(("text", "day"), [("2000-01-01", date(2000, 1, 1)), ("2999-12-31", date(2999, 12, 31))])
def test_filter_accepts_days_between_its_limits(text: str, day: date) -> None:
    assert FilterDayField().clean(text) == day
    assert FilterDayField().clean("") is None


@pytest.mark.parametrize("text", ["1999-12-31", "0001-01-01", "3000-01-01", "23.11.2026"])
def test_filter_refuses_other_days(text: str) -> None:
    with pytest.raises(forms.ValidationError):
        FilterDayField().clean(text)


def test_day_field_renders_an_iso_date() -> None:
    assert 'type="date" name="day" value="2026-11-23"' in DayField().widget.render("day", date(2026, 11, 23))
    with pytest.raises(forms.ValidationError):
        DayField().clean("")
