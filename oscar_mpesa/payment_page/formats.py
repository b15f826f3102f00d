"""Format times for pages in Nairobi's time zone, on the 24-hour clock in every language."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.formats import date_format

from oscar_mpesa.domain.timezone import NAIROBI


def clock(moment: datetime) -> str:
    """Return a time as ``15:34``."""
    return moment.astimezone(NAIROBI).strftime("%H:%M")


def from_clock(moment: datetime) -> str:
    """Return a time as ``15:34``, rounded up to the full minute, so that it is never too early."""
    return clock(moment + timedelta(minutes=1, microseconds=-1))


def exact_clock(moment: datetime) -> str:
    """Return a time as ``15:34:07``."""
    return moment.astimezone(NAIROBI).strftime("%H:%M:%S")


def weekday_and_time(moment: datetime, now: datetime) -> str:
    """Return a time of today as ``15:34``, of the next six days as ``Tue 15:34``, else as ``23 Nov, 15:34``."""
    local = moment.astimezone(NAIROBI)
    days = (local.date() - now.astimezone(NAIROBI).date()).days
    if days == 0:
        return f"{local:%H:%M}"
    if not 0 < days < 7:
        return f"{date_format(local, 'j M')}, {local:%H:%M}"
    weekday = date_format(local, "D")
    return f"{weekday[:1].upper()}{weekday[1:]} {local:%H:%M}"  # Django begins some Swahili weekdays in lower case
