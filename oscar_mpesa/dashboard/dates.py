"""Days and months by the Nairobi clock, their formats and their form fields."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.formats import date_format

from oscar_mpesa.domain.timezone import NAIROBI
from oscar_mpesa.oscar_adapter import order_messages

#: Forms refuse other days: they are typing errors, and some databases cannot store them.
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2999, 12, 31)

_FORMAT = "%Y-%m-%d"


def midnight(day: date) -> datetime:
    """Return the moment at which a day begins in Nairobi; for a day out of range, the nearest that is in range."""
    nearest = min(max(day, FIRST_DAY), day_after(LAST_DAY))
    return datetime.combine(nearest, time.min, NAIROBI)


def day_after(day: date) -> date:
    """Return the next day: the exclusive end of a range that includes ``day``. At most the day after ``LAST_DAY``."""
    return min(day, LAST_DAY) + timedelta(days=1)


def today(now: datetime) -> date:
    """Return the current day in Nairobi."""
    return now.astimezone(NAIROBI).date()


def month_of(day: date) -> tuple[date, date]:
    """Return the first and the last day of a day's month."""
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def day_and_time(moment: datetime | None) -> str:
    """Return ``23 Nov 2026, 15:34`` in the active language; "" for None."""
    return "" if moment is None else order_messages.day_and_time(moment)


def format_day(moment: datetime | None) -> str:
    """Return ``23 Nov 2026`` in the active language; "" for None."""
    return "" if moment is None else date_format(moment.astimezone(NAIROBI), "j M Y")


class DayInput(forms.DateInput):
    """The browser's own date input, which needs ``2026-11-23`` in every language."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs=attrs, format=_FORMAT)


class DayField(forms.DateField):
    """A required day between ``FIRST_DAY`` and ``LAST_DAY``."""

    default_validators = [MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY)]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"widget": DayInput(), "input_formats": [_FORMAT], **kwargs})


class FilterDayField(DayField):
    """An optional day, for the filter of a list."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"required": False, **kwargs})
