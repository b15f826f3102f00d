"""The customer of an order: who, what was ordered, and what else this phone paid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from oscar_mpesa.access.order_pages import may_see_orders
from oscar_mpesa.dashboard.viewer import Viewer
from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.reports.customers import name_of

#: How many items of an order, and how many payments of a phone, are listed.
MOST_ITEMS, MOST_PAYMENTS = 8, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """What staff may see of an order's customer.

    ``items`` are quantities and titles, ``more_items`` counts those that are not listed. ``mailto`` is "" if the email
    is masked. ``phone_payments`` are the newest payments of the same phone for other orders, newest first.
    """

    name: str
    email: str
    mailto: str
    items: list[tuple[int, str]]
    more_items: int
    phone_payments: list[MpesaPayment]


def customer_of(order: Any, phone: PhoneNumber | None, viewer: Viewer) -> Customer | None:
    """Return the customer for staff who may see orders, None for others. Makes at most six queries.

    A phone's other payments tell its hidden digits apart from others, so only staff who see full numbers get them.
    """
    if not may_see_orders(viewer.user):
        return None
    email, lines = str(order.email or ""), order.lines.order_by("pk")
    items = list(lines.values_list("quantity", "title")[: MOST_ITEMS + 1])
    return Customer(
        name=viewer.mask(name_of(order)),
        email=viewer.mask(email),
        mailto=email if viewer.mask(email) == email else "",
        items=[(quantity, viewer.mask(title)) for quantity, title in items[:MOST_ITEMS]],
        more_items=lines.count() - MOST_ITEMS if len(items) > MOST_ITEMS else 0,
        phone_payments=_phone_payments(order, phone) if phone is not None and viewer.shows_phones else [],
    )


def _phone_payments(order: Any, phone: PhoneNumber) -> list[MpesaPayment]:
    of_phone = MpesaPayment.objects.filter(phone=phone.msisdn).exclude(mpesa_order_id=order.pk)
    return list(of_phone.select_related("mpesa_order__order").order_by("-pk")[:MOST_PAYMENTS])
