"""Days in forms: the calendar field and the limits that all pages share."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

#: Days outside of these are typing errors, and some databases refuse them.
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2999, 12, 31)

_FORMAT = "%Y-%m-%d"


class DayInput(forms.DateInput):
    """The browser's own calendar, which takes days as ``2026-11-23`` in every language."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs=attrs, format=_FORMAT)


class DayField(forms.DateField):
    """A day, typed or chosen in the browser's calendar."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"widget": DayInput(), "input_formats": [_FORMAT], **kwargs})


class FilterDayField(DayField):
    """A day that narrows a list down: not required, and between ``FIRST_DAY`` and ``LAST_DAY``."""

    default_validators = [MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY)]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"required": False, **kwargs})
