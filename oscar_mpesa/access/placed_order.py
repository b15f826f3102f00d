"""Find the order that a shopper placed a moment ago, because Back leads to a checkout with an empty basket."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.http import HttpRequest
from oscar.core.loading import get_model

from oscar_mpesa.access import ownership
from oscar_mpesa.models import MpesaOrder

#: For this long after placing an order, an empty basket means that it was just bought.
RECENT = timedelta(days=1)

#: Oscar's session key of the order that was placed last, with any payment method.
OSCARS_KEY = "checkout_order_id"


def order_just_placed(request: HttpRequest, *, now: datetime) -> MpesaOrder | None:
    """Return this session's newest order if it pays by M-PESA and is less than a day old, or None.

    Makes no query for a session without such an order.
    """
    own = ownership.own_public_ids(request)[-1:]
    recent = MpesaOrder.objects.filter(public_id__in=own, created_at__gt=now - RECENT)
    placed = recent.first() if own else None
    return None if placed is None or _has_newer(request, placed) else placed


def _has_newer(request: HttpRequest, placed: MpesaOrder) -> bool:
    """Return whether this session placed another order after this one, with another payment method."""
    last = request.session.get(OSCARS_KEY)
    if last in (None, placed.pk):
        return False
    newer = get_model("order", "Order").objects.filter(pk=last, date_placed__gt=placed.created_at)
    return bool(newer.exists())
