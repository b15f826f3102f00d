"""Choose a month, or any two days."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from oscar_mpesa.dashboard.dates import FIRST_DAY, LAST_DAY, DayField, month_of


class _PeriodForm(forms.Form):
    """A form in Oscar's style that ties errors to each input for screen readers."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs["class"] = "form-control"
            field.widget.attrs["aria-describedby"] = f"{self[name].auto_id}-help"


class MonthForm(_PeriodForm):
    """A month such as 2026-11."""

    month = forms.DateField(
        label=pgettext_lazy("label", "Month"),
        input_formats=["%Y-%m"],
        widget=forms.DateInput(
            format="%Y-%m", attrs={"type": "month", "placeholder": "2026-11", "pattern": "[0-9]{4}-[0-9]{2}"}
        ),
        error_messages={"invalid": _("Enter a month such as 2026-11.")},
    )

    def clean_month(self) -> date:
        """Refuse months that are typing errors."""
        month: date = self.cleaned_data["month"]
        if not FIRST_DAY <= month <= LAST_DAY:
            raise forms.ValidationError(self.fields["month"].error_messages["invalid"])
        return month

    @property
    def days(self) -> tuple[date, date] | None:
        """Return the first and the last day of the month; None if it is not valid."""
        return month_of(self.cleaned_data["month"]) if self.is_valid() else None


class DaysForm(_PeriodForm):
    """Two days, which the URL calls ``from`` and ``to``."""

    first = DayField(label=pgettext_lazy("label", "From day"))
    last = DayField(label=pgettext_lazy("label", "To day"))

    def add_prefix(self, field_name: str) -> str:
        """Return the name of a field in the URL."""
        return {"first": "from", "last": "to"}.get(field_name, field_name)

    def clean(self) -> None:
        """Refuse a last day before the first one."""
        first, last = self.cleaned_data.get("first"), self.cleaned_data.get("last")
        if first and last and last < first:
            self.add_error("last", _("Choose a day that is not before the first one."))

    @property
    def days(self) -> tuple[date, date] | None:
        """Return the first and the last day; None if they are not valid."""
        return (self.cleaned_data["first"], self.cleaned_data["last"]) if self.is_valid() else None

    @property
    def first_day(self) -> date | None:
        """Return the first day if both are valid."""
        return self.days[0] if self.days else None
