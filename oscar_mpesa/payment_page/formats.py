"""Times as pages say them: the Nairobi clock, hours and minutes, in every language alike."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.formats import date_format

from oscar_mpesa.domain.timezone import NAIROBI


def clock(moment: datetime) -> str:
    """A moment as ``15:34``."""
    return moment.astimezone(NAIROBI).strftime("%H:%M")


def from_clock(moment: datetime) -> str:
    """The first full minute from which something may be done, as ``15:34``: whoever comes then is not too early."""
    return clock(moment + timedelta(minutes=1, microseconds=-1))


def day_and_time(moment: datetime) -> str:
    """A moment as ``23 Nov 2026, 15:34``, its month in the active language: for lists that span days."""
    here = moment.astimezone(NAIROBI)
    return f"{date_format(here, 'j M Y')}, {here:%H:%M}"
