"""The start of a day in Nairobi, also in a shop whose times have no zone."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from oscar_mpesa.domain.timezone import start_of_day


def test_day_begins_at_midnight_in_nairobi() -> None:
    late = datetime(2026, 11, 23, 22, 30, tzinfo=timezone.utc)

    assert start_of_day(late) == datetime(2026, 11, 23, 21, tzinfo=timezone.utc)
    assert start_of_day(late - timedelta(hours=2)) == datetime(2026, 11, 22, 21, tzinfo=timezone.utc)


def test_day_has_no_zone_if_the_moment_has_none() -> None:
    now = datetime(2026, 11, 23, 12).astimezone()
    naive = now.replace(tzinfo=None)

    assert start_of_day(naive).tzinfo is None
    assert start_of_day(naive).astimezone() == start_of_day(now)
