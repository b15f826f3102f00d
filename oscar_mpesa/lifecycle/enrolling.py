"""An order's row of ours: made when it is first to be paid by M-Pesa."""

from __future__ import annotations

from datetime import datetime

from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain.money import CURRENCY
from oscar_mpesa.lifecycle.decisions import OtherCurrency
from oscar_mpesa.lifecycle.locks import lock_order
from oscar_mpesa.models import MpesaOrder


def enrolled(order_id: int, *, now: datetime, environment: str = "") -> MpesaOrder:
    """What M-Pesa knows of an order; one of another method may take M-Pesa money if staff say so. Locks the order.

    ``environment`` is for a new row; unset, it is the shop's own. Such an order has no clock. Raises
    ``OtherCurrency``.
    """
    order = lock_order(order_id)
    if order.currency != CURRENCY:
        raise OtherCurrency(order_id)
    new = {"created_at": now, "pay_before": now, "environment": environment or get_settings().environment}
    mpesa_order, _ = MpesaOrder.objects.get_or_create(pk=order_id, defaults=new)
    mpesa_order.order = order
    return mpesa_order
