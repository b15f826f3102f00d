"""Decide whether a prompt may be sent for an order now, and how much it collects. Nothing here changes a row."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain.money import AmountRefused, whole_shillings
from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import MpesaOrder
from oscar_mpesa.models.orders import has_pending_status
from oscar_mpesa.services import rate_limits
from oscar_mpesa.services.actors import Actor, Role
from oscar_mpesa.services.exceptions import MpesaUnavailable, NotPayable, PaymentUnconfirmed, StartRefused
from oscar_mpesa.services.expected_callbacks import is_confirming
from oscar_mpesa.services.ledger import has_open_money
from oscar_mpesa.services.ports import shop
from oscar_mpesa.services.repeated_prompts import require_other_number, require_other_prompt, too_soon


def require_available() -> None:
    """Raise ``MpesaUnavailable`` if M-PESA is off, or its settings are wrong."""
    settings = get_settings()
    if settings.available_to == "nobody":
        raise MpesaUnavailable(settings.faults)


def require_payable(
    order: Any, mpesa_order: MpesaOrder | None, phone: PhoneNumber | None, actor: Actor, now: datetime
) -> None:
    """Raise ``StartRefused`` if the order needs no payment, one is live, or another one would fail as the last.

    Staff are also refused the number that M-PESA refused. Without a ``phone``, only the order is checked.
    """
    if not _awaits_money(order, mpesa_order, actor):
        raise NotPayable(f"order {order.pk} is {order.status}")
    if mpesa_order is None:
        return
    if mpesa_order.is_closed:
        raise NotPayable(f"order {mpesa_order.pk} is closed")
    if has_open_money(mpesa_order):
        raise NotPayable(f"order {mpesa_order.pk} is paid, or its money waits for a decision")
    if is_confirming(mpesa_order, now):
        raise PaymentUnconfirmed(mpesa_order.pk)
    require_other_prompt(mpesa_order)
    if phone is not None and actor.role is Role.STAFF:
        require_other_number(mpesa_order, phone)


def find_refusal(
    order: Any, mpesa_order: MpesaOrder | None, phone: PhoneNumber | None, *, actor: Actor, now: datetime
) -> StartRefused | AmountRefused | None:
    """Return why a prompt would be refused now, or None. Changes nothing, and locks nothing.

    Without a ``phone``, only what every number would be refused. Safaricom is not queried, so that the start can still
    raise ``ResultUnknown``.
    """
    try:
        require_available()
        require_payable(order, mpesa_order, phone, actor, now)
        whole_shillings(amount_owed(order, mpesa_order), currency=order.currency, rounding=get_settings().ROUNDING)
    except (StartRefused, AmountRefused) as refusal:
        return refusal
    if phone is None:
        return None
    reached = rate_limits.find_limit(phone, actor=actor, now=now, mpesa_order=mpesa_order)
    return reached or too_soon(mpesa_order, phone, actor, now)


def amount_owed(order: Any, mpesa_order: MpesaOrder | None) -> Decimal:
    """Return what an order owes by what was last assessed: its total, less what other methods took, at first."""
    if mpesa_order is not None and mpesa_order.balance is not None:
        return mpesa_order.balance
    owed: Decimal = order.total_incl_tax - shop().other_payments(order)
    return owed


def _awaits_money(order: Any, mpesa_order: MpesaOrder | None, actor: Actor) -> bool:
    """Return whether the order is pending, or staff may collect for it because it was placed with another method."""
    if has_pending_status(order):
        return True
    settings, is_others = get_settings(), mpesa_order is None or mpesa_order.is_enrolled
    is_ended = order.status in {settings.EXPIRED_STATUS, settings.CANCELLED_STATUS}
    return actor.role is Role.STAFF and is_others and not is_ended
