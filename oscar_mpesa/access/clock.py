"""Times as pages say them: the Nairobi clock, hours and minutes, in every language alike."""

from __future__ import annotations

from datetime import datetime, timedelta

from oscar_mpesa.daraja.messages import NAIROBI


def clock(moment: datetime) -> str:
    """A moment as ``15:34``."""
    return moment.astimezone(NAIROBI).strftime("%H:%M")


def from_clock(moment: datetime) -> str:
    """The first full minute from which something may be done, as ``15:34``: whoever comes then is not too early."""
    return clock(moment + timedelta(minutes=1, microseconds=-1))
