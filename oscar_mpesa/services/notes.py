"""Keep notes about an order that only staff read."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from oscar_mpesa.models import EventType, MpesaEvent, MpesaOrder
from oscar_mpesa.services import audit
from oscar_mpesa.services.authorization import require_permission
from oscar_mpesa.services.exceptions import NoteMissing
from oscar_mpesa.services.locks import lock_order

#: A second note of the same words by the same person within this time is a second click.
SECOND_CLICK = timedelta(minutes=1)


def add_note(mpesa_order: MpesaOrder, note: str, *, by: Any, now: datetime) -> bool:
    """Add a note to an order's timeline; return False for a second click, which changes nothing. Locks the order.

    Raises ``PermissionDenied`` without ``act_on_payment``, and ``NoteMissing`` without words.
    """
    require_permission(by, "act_on_payment")
    text = note.replace("\x00", "").strip()
    if not text:
        raise NoteMissing
    with transaction.atomic():
        lock_order(mpesa_order.pk)
        recent = MpesaEvent.objects.filter(mpesa_order=mpesa_order, type=EventType.NOTE_ADDED, by=by)
        last = recent.filter(created_at__gt=now - SECOND_CLICK).order_by("-pk").first()
        if last is not None and last.params.get("note") == text[: audit.LONGEST_VALUE]:
            return False
        audit.record(EventType.NOTE_ADDED, mpesa_order, now=now, by=by, note=text)
    return True
