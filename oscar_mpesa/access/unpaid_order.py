"""Find the unpaid order of a shopper, so that pages can link back to its payment page."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, Q, When
from django.http import HttpRequest
from django.utils import timezone

from oscar_mpesa.access import ownership
from oscar_mpesa.models import MpesaOrder
from oscar_mpesa.services.ledger import without_open_money


def unpaid_order_of(request: HttpRequest, *, number: str = "") -> MpesaOrder | None:
    """Return this shopper's newest order that awaits payment, or None. The order ``number`` takes precedence.

    Makes one query, or none for a visitor without orders in the session and without an account.
    """
    own, user = ownership.own_public_ids(request), _user(request)
    if not own and user is None:
        return None
    is_own = Q(public_id__in=own) | Q(order__user=user) if user is not None else Q(public_id__in=own)
    awaiting = MpesaOrder.objects.awaiting_payment().filter(is_own, pay_before__gt=timezone.now())
    by_number = Case(When(order__number=number, then=0), default=1)
    payable = without_open_money(awaiting).select_related("order")
    return payable.order_by(by_number, "-created_at").first()


def _user(request: HttpRequest) -> Any:
    user = getattr(request, "user", None)
    return user if user is not None and user.is_authenticated else None
