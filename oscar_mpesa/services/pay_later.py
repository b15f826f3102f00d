"""Extend the deadline of an unpaid order for a shopper who pays later."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from oscar_mpesa.conf import get_settings
from oscar_mpesa.models import EventType, MessageKind, MpesaOrder
from oscar_mpesa.services import audit, outbox, pay_links
from oscar_mpesa.services.exceptions import NotPayable, PaymentUnconfirmed
from oscar_mpesa.services.expected_callbacks import is_confirming
from oscar_mpesa.services.ledger import has_open_money
from oscar_mpesa.services.locks import lock_mpesa_order


def pay_later(order: Any, *, now: datetime) -> MpesaOrder:
    """Keep an order open for ``PAY_LATER_HOURS`` from now, once, make a payment link, and email it to its shopper.

    Locks the order. A second call changes nothing, and the deadline never moves earlier. Raises ``NotPayable`` if the
    order is paid, closed, or of another status, and ``PaymentUnconfirmed`` if reported money awaits a confirmation.
    """
    with transaction.atomic():
        mpesa_order = lock_mpesa_order(order.pk)
        if not is_payable(mpesa_order):
            raise NotPayable(f"order {mpesa_order.pk} awaits no money")
        if is_confirming(mpesa_order, now):
            raise PaymentUnconfirmed(mpesa_order.pk)
        if mpesa_order.pay_later_at is None:
            _extend_deadline(mpesa_order, now)
    return mpesa_order


def is_payable(mpesa_order: MpesaOrder) -> bool:
    """Return whether the order is open, pending, not paid, and without unmatched money. Makes at most one query."""
    return mpesa_order.is_awaiting_payment and not has_open_money(mpesa_order)


def reserved_until(mpesa_order: MpesaOrder, *, now: datetime) -> datetime:
    """Return the deadline, in UTC, if the shopper chose now to pay later."""
    return max(mpesa_order.pay_before, now + timedelta(hours=get_settings().PAY_LATER_HOURS))


def _extend_deadline(mpesa_order: MpesaOrder, now: datetime) -> None:
    until = reserved_until(mpesa_order, now=now)
    mpesa_order.pay_later_at, mpesa_order.pay_before, mpesa_order.close_check_at = now, until, until
    mpesa_order.save(update_fields=["pay_later_at", "pay_before", "close_check_at"])
    audit.record(EventType.PAY_LATER_CHOSEN, mpesa_order, now=now, until=until.isoformat(timespec="minutes"))
    pay_links.get_or_create_link(mpesa_order, now=now)
    outbox.enqueue(mpesa_order, MessageKind.PAY_LATER_EMAIL, now=now)
