"""The order that the asker has begun to pay and not finished: the way back for who lost its page."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, Exists, OuterRef, Q, When
from django.http import HttpRequest
from django.utils import timezone

from oscar_mpesa.access import ownership
from oscar_mpesa.models import MpesaOrder, MpesaReceipt
from oscar_mpesa.models.receipts import MONEY_ARRIVED


def unpaid_order_of(request: HttpRequest, *, number: str = "") -> MpesaOrder | None:
    """The newest order of this session or this user that still awaits its money; the one of this number before it.

    No query for a visitor who placed none, one for others.
    """
    own, user = ownership.own_public_ids(request), _user(request)
    if not own and user is None:
        return None
    whose = Q(public_id__in=own) | Q(order__user=user) if user is not None else Q(public_id__in=own)
    money = MpesaReceipt.objects.filter(order_id=OuterRef("pk"), allocation__in=MONEY_ARRIVED)
    awaiting = MpesaOrder.objects.awaiting_payment().filter(whose, pay_before__gt=timezone.now())
    asked_for_first = Case(When(order__number=number, then=0), default=1)
    return awaiting.exclude(Exists(money)).select_related("order").order_by(asked_for_first, "-created_at").first()


def _user(request: HttpRequest) -> Any:
    user = getattr(request, "user", None)
    return user if user is not None and user.is_authenticated else None
