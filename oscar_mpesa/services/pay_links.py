"""Make, find and revoke payment links. An order has one active link at most."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.crypto import constant_time_compare

from oscar_mpesa.models import EventType, MpesaOrder, MpesaPayLink
from oscar_mpesa.services import audit
from oscar_mpesa.services.actors import Actor, Role
from oscar_mpesa.services.authorization import name_of, require_owner, require_permission
from oscar_mpesa.services.exceptions import NotPayable
from oscar_mpesa.services.expected_callbacks import is_confirming
from oscar_mpesa.services.ledger import has_open_money
from oscar_mpesa.services.locks import lock_mpesa_order, lock_order

#: How long a link works after it was made or last sent. It is useless once the order needs no payment.
LIFETIME = timedelta(days=7)


def active_link(mpesa_order: MpesaOrder, *, now: datetime) -> MpesaPayLink | None:
    """Return the link that lets others pay the order; None if it awaits no payment. Makes at most one query."""
    if not mpesa_order.is_awaiting_payment:
        return None
    return MpesaPayLink.objects.active(now).filter(mpesa_order_id=mpesa_order.pk).first()


def find_link(token: str) -> MpesaPayLink | None:
    """Return the link with this token and its order, also if it is no longer active."""
    link = MpesaPayLink.objects.select_related("mpesa_order__order").filter(token=token).first()
    # MySQL and MariaDB ignore case.
    return link if link is not None and constant_time_compare(link.token, token) else None


def get_or_create_link(mpesa_order: MpesaOrder, *, now: datetime) -> MpesaPayLink:
    """Return the order's active link, or a new one, for the order's owner. It works for a week from now.

    Locks the order.
    """
    with transaction.atomic():
        lock_order(mpesa_order.pk)
        link = MpesaPayLink.objects.active(now).filter(mpesa_order_id=mpesa_order.pk).first()
        if link is None:
            return _create_link(mpesa_order, now)
        link.expires_at = now + LIFETIME
        link.save(update_fields=["expires_at"])
    return link


def replace_link(order: Any, *, actor: Actor, now: datetime) -> None:
    """Make a link for an order that pays later and has none. A second call changes nothing. Locks the order.

    Raises ``PermissionDenied`` if the actor does not own the order, and ``NotPayable`` if the owner's page shows no
    link, because the order does not pay later or nobody may start a payment now.
    """
    require_owner(actor)
    with transaction.atomic():
        mpesa_order = lock_mpesa_order(order.pk)
        if not _shows_link(mpesa_order, now):
            raise NotPayable(f"order {mpesa_order.pk} has no link to pass on")
        if active_link(mpesa_order, now=now) is None:
            _create_link(mpesa_order, now)


def make_link(order: Any, *, actor: Actor, now: datetime) -> MpesaPayLink:
    """Return the order's active link, or a new one, for staff to pass on. Locks the order.

    Raises ``PermissionDenied`` without ``act_on_payment``, and ``NotPayable`` unless ``can_pass_on`` the order.
    """
    require_permission(actor.user, "act_on_payment")
    with transaction.atomic():
        mpesa_order = lock_mpesa_order(order.pk)
        if not can_pass_on(mpesa_order, now=now):
            raise NotPayable(f"order {mpesa_order.pk} needs no link")
        return active_link(mpesa_order, now=now) or _create_link(mpesa_order, now, by=actor.user)


def can_pass_on(mpesa_order: MpesaOrder, *, now: datetime) -> bool:
    """Return whether staff may pass on a link: the order awaits money, and its payment page exists."""
    if not mpesa_order.is_awaiting_payment or has_open_money(mpesa_order) or is_confirming(mpesa_order, now):
        return False
    return mpesa_order.payments.exists()


def revoke_link(order: Any, *, actor: Actor, now: datetime) -> bool:
    """Revoke the ``active_link`` of an order; return whether there was one. Sessions that opened it lose the page.

    Locks the order. Raises ``PermissionDenied`` unless the actor is its owner, or staff with ``act_on_payment``.
    """
    if actor.role is Role.STAFF:
        require_permission(actor.user, "act_on_payment")
    else:
        require_owner(actor)
    with transaction.atomic():
        mpesa_order = lock_mpesa_order(order.pk)
        link = active_link(mpesa_order, now=now)
        if link is None:
            return False
        link.revoked_at, link.revoked_by_name = now, name_of(actor.user) if actor.user else ""
        link.save(update_fields=["revoked_at", "revoked_by_name"])
        audit.record(EventType.PAY_LINK_REVOKED, mpesa_order, now=now, by=actor.user, role=actor.role.value)
    return True


def _shows_link(mpesa_order: MpesaOrder, now: datetime) -> bool:
    """Return whether the owner's payment page has a place for the link, as ``PaymentPage.pays_later`` says."""
    if mpesa_order.pay_later_at is None or mpesa_order.pay_before <= now or not mpesa_order.is_awaiting_payment:
        return False
    is_paying = mpesa_order.payments.live().exists() or is_confirming(mpesa_order, now)
    return not is_paying and not has_open_money(mpesa_order)


def _create_link(mpesa_order: MpesaOrder, now: datetime, *, by: Any = None) -> MpesaPayLink:
    audit.record(EventType.PAY_LINK_CREATED, mpesa_order, now=now, by=by)
    return MpesaPayLink.objects.create(mpesa_order_id=mpesa_order.pk, created_at=now, expires_at=now + LIFETIME)
