"""The trace of what runs by itself, so that its absence can be told; a row, for it has to outlive a restart."""

from __future__ import annotations

from datetime import datetime, timedelta

from oscar_mpesa.models import MpesaHeartbeat

RECONCILE = "reconcile"

#: A beat that is younger is let stand: copies and quick loops do not queue up for one row.
REST = timedelta(seconds=20)


def beat(what: str, *, now: datetime) -> None:
    """Note that it came to its end, within ``REST`` once; costs one query."""
    known = MpesaHeartbeat.objects.filter(what=what)
    if not known.filter(beat_at__lt=now - REST).update(beat_at=now):
        known.get_or_create(what=what, defaults={"beat_at": now})


def last_beat(what: str) -> datetime | None:
    """When it last came to its end; None if it never did."""
    return MpesaHeartbeat.objects.filter(what=what).values_list("beat_at", flat=True).first()
