"""Receivers of Oscar's signals: close the M-PESA part of an order that staff cancel."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from oscar.apps.order.signals import order_status_changed

from oscar_mpesa.conf import get_settings
from oscar_mpesa.services import order_closure


def release_cancelled(*, order: Any, new_status: str, **_: Any) -> None:
    """Release the stock, vouchers and offers of a cancelled order. Oscar's dashboard only changes the status."""
    if new_status == get_settings().CANCELLED_STATUS:
        order_closure.close_cancelled_order(order, now=timezone.now())


def connect() -> None:
    """Connect the receivers. A second call changes nothing."""
    order_status_changed.connect(release_cancelled, dispatch_uid="oscar_mpesa.oscar_adapter.release_cancelled")
