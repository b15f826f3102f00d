"""Deliver one email from the outbox and read it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core import mail

from oscar_mpesa.models import MessageKind, MpesaOutboxMessage
from oscar_mpesa.services import outbox
from tests.payment_results import HALF_AN_HOUR
from tests.shop import later


def sent_email(kind: MessageKind, *, now: datetime | None = None) -> Any:
    """Deliver the newest message of a kind, and return the email."""
    _deliver(kind, now)
    return mail.outbox[0]


def skip_reason(kind: MessageKind, *, now: datetime | None = None) -> str:
    """Return why the newest message of a kind sends no email."""
    item = _deliver(kind, now)
    assert mail.outbox == []
    return item.skip_reason


def _deliver(kind: MessageKind, now: datetime | None) -> MpesaOutboxMessage:
    mail.outbox.clear()
    item = MpesaOutboxMessage.objects.select_related(*outbox.RELATED).filter(kind=kind).latest("pk")
    delivery = outbox.deliver(item, now=now or later(HALF_AN_HOUR))
    assert delivery in {outbox.Delivery.DELIVERED, outbox.Delivery.SKIPPED}
    item.refresh_from_db()
    assert item.delivered_at is not None
    return item


def html_of(message: Any) -> str:
    return str(message.alternatives[0][0])
