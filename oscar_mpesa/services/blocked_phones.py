"""Block prompts to a phone when its owner asks for that, and unblock them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import EventType, MpesaBlockedPhone, MpesaPayment
from oscar_mpesa.services import audit
from oscar_mpesa.services.authorization import name_of, require_permission

__all__ = ["block_phone", "unblock_phone"]


def block_phone(
    phone: PhoneNumber, *, by: Any, note: str, now: datetime, payment: MpesaPayment | None = None
) -> MpesaBlockedPhone:
    """Block prompts to a phone, in every environment.

    A second call changes nothing and returns the first block. A prompt that is on the phone already stays there.
    The timeline of ``payment`` shows the block.

    Raises ``PermissionDenied`` without ``oscar_mpesa.block_phone``.
    """
    require_permission(by, "block_phone")
    decision = {"by": by, "by_name": name_of(by), "created_at": now, "payment": payment}
    with transaction.atomic():
        blocked, is_new = MpesaBlockedPhone.objects.get_or_create(
            phone=phone.msisdn, defaults={"note": note, **decision}
        )
        if is_new:
            audit.record(EventType.PHONE_BLOCKED, payment, now=now, by=by, phone=phone.masked, note=note)
    return blocked


def unblock_phone(phone: PhoneNumber, *, by: Any, note: str, now: datetime) -> None:
    """Allow prompts to a phone again. Changes nothing if the phone is not blocked.

    The timeline that shows the block shows this too.

    Raises ``PermissionDenied`` without ``oscar_mpesa.block_phone``.
    """
    require_permission(by, "block_phone")
    with transaction.atomic():
        blocked = MpesaBlockedPhone.objects.select_for_update().filter(phone=phone.msisdn).first()
        if blocked is not None:
            payment = blocked.payment
            blocked.delete()
            audit.record(EventType.PHONE_UNBLOCKED, payment, now=now, by=by, phone=phone.masked, note=note)
