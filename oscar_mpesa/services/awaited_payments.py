"""Let an order that the shop has just placed in its own way wait for M-PESA."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from oscar_mpesa.conf import get_settings
from oscar_mpesa.models import MpesaOrder
from oscar_mpesa.models.orders import has_pending_status
from oscar_mpesa.services.exceptions import NotPayable
from oscar_mpesa.services.locks import lock_order

__all__ = ["await_payment"]


def await_payment(order: Any) -> None:
    """Give a new order ``PENDING_STATUS``, whatever status the shop places orders in, so that M-PESA can be paid.

    Call it when the order is placed, and only for an order that its shopper wants to pay by M-PESA. Locks the order.
    Changes nothing if it waits already. Raises ``NotPayable`` if it is not new any more: its status has changed, or it
    has a payment of any method or a shipment.
    """
    with transaction.atomic():
        locked = lock_order(order.pk)
        if has_pending_status(locked):
            return
        if not _is_new(locked):
            raise NotPayable(f"order {locked.pk} is {locked.status}, and not new")
        locked.status = get_settings().PENDING_STATUS
        locked.save(update_fields=["status"])
    order.status = locked.status


def _is_new(order: Any) -> bool:
    """Return whether nothing happened to an order since it was placed. Makes up to five queries."""
    settings = get_settings()
    if order.status in {settings.EXPIRED_STATUS, settings.CANCELLED_STATUS}:
        return False
    if MpesaOrder.objects.filter(pk=order.pk).exists():
        return False
    rows = (order.status_changes, order.sources, order.payment_events, order.shipping_events)
    return not any(each.exists() for each in rows)
