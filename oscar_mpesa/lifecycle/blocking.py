"""Leave a phone in peace whose owner asked for it, until the owner wants requests again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.lifecycle.staff import name_of, require_permission
from oscar_mpesa.models import MpesaBlockedPhone, MpesaEvent


def block_phone(phone: PhoneNumber, *, by: Any, note: str, now: datetime) -> MpesaBlockedPhone:
    """Send no more requests to a phone, whatever the environment, because its owner asked so.

    Once: a second call changes nothing and returns the first one's row. A request that is on the phone already is not
    called back. Raises ``PermissionDenied`` without ``oscar_mpesa.block_phone``.
    """
    require_permission(by, "block_phone")
    decision = {"by": by, "by_name": name_of(by), "created_at": now}
    with transaction.atomic():
        blocked, is_new = MpesaBlockedPhone.objects.get_or_create(
            phone=phone.msisdn, defaults={"note": note, **decision}
        )
        if is_new:
            MpesaEvent.objects.create(what="phone blocked", after=phone.masked, why=note[:500], **decision)
    return blocked


def unblock_phone(phone: PhoneNumber, *, by: Any, note: str, now: datetime) -> None:
    """Send requests to a phone again; of one that is not blocked nothing is changed.

    Raises ``PermissionDenied`` without ``oscar_mpesa.block_phone``.
    """
    require_permission(by, "block_phone")
    with transaction.atomic():
        gone, _ = MpesaBlockedPhone.objects.filter(phone=phone.msisdn).delete()
        if gone:
            MpesaEvent.objects.create(
                what="phone unblocked",
                before=phone.masked,
                why=note[:500],
                by=by,
                by_name=name_of(by),
                created_at=now,
            )
