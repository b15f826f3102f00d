"""Kenya's time zone, and the day on which reports count a fact."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone

#: The time zone of Safaricom's timestamps. Kenya has no daylight saving time.
NAIROBI = timezone(timedelta(hours=3), "EAT")

#: A fact that is stored before this time belongs to the day before, if it happened then.
DAY_CLOSES_AT = time(6)


def start_of_day(now: datetime) -> datetime:
    """Return when the current day began in Nairobi, without a zone if ``now`` has none: Django's USE_TZ is off then."""
    begun = now.astimezone(NAIROBI).replace(hour=0, minute=0, second=0, microsecond=0)
    return begun if now.tzinfo else begun.astimezone().replace(tzinfo=None)


def posting_day(happened_at: datetime, stored_at: datetime) -> date:
    """Return the Nairobi day on which reports count a fact.

    This is the day it happened on, if it is stored before 06:00 of the next day. Otherwise it is the day it is stored,
    so that the figures of a past day never change.
    """
    happened, stored = happened_at.astimezone(NAIROBI), stored_at.astimezone(NAIROBI)
    days = (stored.date() - happened.date()).days
    is_in_time = days == 0 or (days == 1 and stored.time() < DAY_CLOSES_AT)
    return happened.date() if is_in_time else stored.date()
