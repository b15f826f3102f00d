"""Kenya's time zone."""

from __future__ import annotations

from datetime import timedelta, timezone

#: Safaricom's clock; Kenya has no summer time.
NAIROBI = timezone(timedelta(hours=3), "EAT")
