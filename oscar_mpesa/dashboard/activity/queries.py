"""Pages of what staff did, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from oscar_mpesa.dashboard.dates import day_after, midnight
from oscar_mpesa.models import MpesaEvent

PAGE = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityPage:
    """One page of events; ``older`` is the next page's ``before``, None on the last page."""

    rows: list[MpesaEvent]
    older: int | None


def activity_page(filters: dict[str, Any]) -> ActivityPage:
    """Return a page of what staff did, by one indexed query without a count.

    ``filters``: ``person`` (a user's key as text), ``action``, ``since``, ``until`` and ``before``; empty ones are left
    out.
    """
    events = _filtered(MpesaEvent.objects.exclude(acted_at=None), filters)
    loaded = events.select_related("receipt", "payment", "mpesa_order__order")
    rows = list(loaded.order_by("-acted_at", "-id")[: PAGE + 1])
    return ActivityPage(rows=rows[:PAGE], older=rows[PAGE - 1].pk if len(rows) > PAGE else None)


def _filtered(events: QuerySet[MpesaEvent], filters: dict[str, Any]) -> QuerySet[MpesaEvent]:
    if filters.get("person"):
        events = events.filter(by=filters["person"])
    if filters.get("action"):
        events = events.filter(type=filters["action"])
    if filters.get("since"):
        events = events.filter(acted_at__gte=midnight(filters["since"]))
    if filters.get("until"):
        events = events.filter(acted_at__lt=midnight(day_after(filters["until"])))
    last = MpesaEvent.objects.filter(pk=filters["before"]).first() if filters.get("before") else None
    if last is None or last.acted_at is None:
        return events
    return events.filter(acted_at__lte=last.acted_at).exclude(Q(acted_at=last.acted_at, pk__gte=last.pk))
