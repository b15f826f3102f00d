"""Days and months as the shop counts them, by the Nairobi clock, whatever clock its server goes by."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.utils.formats import date_format

from oscar_mpesa.domain.timezone import NAIROBI


def midnight(day: date) -> datetime:
    """The moment at which a day begins."""
    return datetime.combine(day, time.min, NAIROBI)


def day_after(day: date) -> date:
    """The first day that is not meant by "up to and with this day"."""
    return day + timedelta(days=1)


def today(now: datetime) -> date:
    """The day that it is now."""
    return now.astimezone(NAIROBI).date()


def month_of(day: date) -> tuple[date, date]:
    """A month's first and last day."""
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def day_and_time(moment: datetime | None) -> str:
    """``23 Nov 2026, 15:34`` in the active language; nothing for nothing."""
    if moment is None:
        return ""
    here = moment.astimezone(NAIROBI)
    return f"{date_format(here, 'j M Y')}, {here:%H:%M}"


def format_day(moment: datetime | None) -> str:
    """``23 Nov 2026`` in the active language; nothing for nothing."""
    return "" if moment is None else date_format(moment.astimezone(NAIROBI), "j M Y")
