"""Let the time pass after which an unpaid order is closed."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from oscar_mpesa.models import MpesaOrder
from oscar_mpesa.services.order_closure import close_expired_order


def half_an_hour_passes() -> None:
    """Close the newest order by the clock."""
    close_expired_order(MpesaOrder.objects.latest("created_at"), now=timezone.now() + timedelta(minutes=31))
