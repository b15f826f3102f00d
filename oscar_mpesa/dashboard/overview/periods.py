"""The days that the figures are about, and the days to compare them with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from oscar_mpesa.dashboard.dates import month_of
from oscar_mpesa.dashboard.money.month_form import DaysForm

#: The longest time that the overview adds up, in days. The month report has longer ones.
LONGEST = 366

#: The choices beside two days, with their labels.
CHOICES = {
    "today": pgettext_lazy("label", "Today"),
    "yesterday": pgettext_lazy("label", "Yesterday"),
    "month": pgettext_lazy("label", "This month"),
}

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Days, both included, and the days to compare them with. ``key`` is one of ``CHOICES``, "" for two days."""

    key: str
    first: date
    last: date
    before_first: date
    before_last: date
    compared_with: Any


def days_form(asked: QueryDict) -> DaysForm:
    """Return the form for two days, with an error if they are too many."""
    form = DaysForm(asked if "from" in asked or "to" in asked else None)
    days = form.days if form.is_bound else None
    if days is not None and days[1] - days[0] >= LONGEST * _DAY:
        form.add_error("last", _("Choose at most 366 days. The month report adds up more."))
    return form


def chosen_period(asked: QueryDict, form: DaysForm, today: date) -> Period:
    """Return the period that the URL asks for: two valid days, or ``?period=month``; else today."""
    days = form.days if form.is_bound else None
    if days is not None:
        return _two_days(*days)
    key = asked.get("period", "")
    if key == "yesterday":
        return _period(key, (today - _DAY, today - _DAY), (today - 2 * _DAY, today - 2 * _DAY), _("the day before"))
    if key == "month":
        before, last = month_of(today.replace(day=1) - _DAY)
        same_day = min(last, before + (today - today.replace(day=1)))
        return _period(key, (today.replace(day=1), today), (before, same_day), _("last month to the same day"))
    return _period("today", (today, today), (today - _DAY, today - _DAY), _("all of yesterday"))


def _two_days(first: date, last: date) -> Period:
    before = (first - (last - first) - _DAY, first - _DAY)
    if (first, last) == month_of(first):
        before = month_of(first - _DAY)
    return _period("", (first, last), before, _("the days before"))


def _period(key: str, days: tuple[date, date], before: tuple[date, date], compared_with: Any) -> Period:
    return Period(
        key=key,
        first=days[0],
        last=days[1],
        before_first=before[0],
        before_last=before[1],
        compared_with=compared_with,
    )
