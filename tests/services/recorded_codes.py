"""Build payments that may own money that staff recorded, and compare Oscar's books with it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaClaim, MpesaPayment
from oscar_mpesa.services.claims import record_claim
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.update_sources import push_expired
from tests.shop import ANOTHER, later, new_payment, new_staff_user

Order = get_model("order", "Order")

#: A code that a clerk typed, and the code that Safaricom reports.
MISTYPED, CONFIRMED = "OD123ABC54", "OD123ABC45"


def two_expired() -> tuple[MpesaPayment, MpesaPayment]:
    """Create two expired payments of one order."""
    first = new_payment()
    apply_update(first, push_expired(), now=later(150))
    second = new_payment(first.mpesa_order.order, phone=ANOTHER, now=later(200))
    apply_update(second, push_expired(), now=later(350))
    second.refresh_from_db()
    return first, second


def record_code(payment: MpesaPayment, /, *, number: str = MISTYPED, amount: Any = 1500, **about: Any) -> MpesaClaim:
    """Record money that staff saw, for the payment's order."""
    staff, order = new_staff_user("record_claim"), payment.mpesa_order.order
    about = {"by": staff, "note": "portal", "now": later(400), **about}
    return record_claim(number, Decimal(amount), order=order, **about)
