"""Build orders whose payment has ended: canceled on the phone, expired, closed by staff."""

from __future__ import annotations

from typing import Any

from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.services.order_closure import close_expired_order, close_order
from tests.shop import CANCELS, failure, later, new_order, new_payment, pay, post

#: Seconds from the order to its end.
HALF_AN_HOUR = 1800


def cancelled(*, user: Any = None) -> MpesaPayment:
    """Create a payment that is canceled on the phone; its order waits for another payment."""
    payment = new_payment(new_order(user=user), phone=CANCELS)
    post(payment, failure(payment), now=later(9))
    return _fresh(payment)


def overdue(payment: MpesaPayment) -> MpesaPayment:
    """Close the payment's order, because its time is over."""
    close_expired_order(payment.mpesa_order, now=later(HALF_AN_HOUR))
    return _fresh(payment)


def closed_by_staff(payment: MpesaPayment, *, by: Any) -> MpesaPayment:
    """Close the payment's order as staff, after twenty seconds."""
    close_order(payment.mpesa_order.order, by=by, now=later(20))
    return _fresh(payment)


def paid_too_late(*, by: Any) -> MpesaPayment:
    """Create a payment whose money comes after staff closed its order."""
    return pay(closed_by_staff(cancelled(), by=by), now=later(30))


def _fresh(payment: MpesaPayment) -> MpesaPayment:
    return MpesaPayment.objects.select_related("mpesa_order__order").get(pk=payment.pk)
