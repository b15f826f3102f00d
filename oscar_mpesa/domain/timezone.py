"""Kenya's time zone."""

from __future__ import annotations

from datetime import timedelta, timezone

#: The time zone of Safaricom's timestamps. Kenya has no daylight saving time.
NAIROBI = timezone(timedelta(hours=3), "EAT")
