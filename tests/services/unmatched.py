"""Build money that waits for a person, of each kind."""

from __future__ import annotations

from typing import Any

from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaEvent, MpesaReceipt
from oscar_mpesa.services.order_closure import close_for_other_method
from tests.shop import CANCELS, failure, later, new_payment, pay, post, success

Order = get_model("order", "Order")


def mismatch(*, amount: int = 1400) -> MpesaReceipt:
    """Create money of the wrong amount, which puts its payment on hold."""
    payment = new_payment()
    post(payment, success(payment, amount=amount))
    return MpesaReceipt.objects.get(payment=payment)


def surplus() -> MpesaReceipt:
    """Create money for an order that is already paid."""
    payment = pay(new_payment())
    post(payment, success(payment, number="OD222BBB22"), now=later(5))
    return MpesaReceipt.objects.get(number="OD222BBB22")


def unallocated() -> MpesaReceipt:
    """Create money for an order whose shopper chose another payment method."""
    payment = new_payment(phone=CANCELS)
    post(payment, failure(payment), now=later(20))
    close_for_other_method(Order.objects.get(pk=payment.order_id), now=later(60))
    post(payment, success(payment), now=later(90))
    return MpesaReceipt.objects.get(payment=payment)


def fresh(receipt: MpesaReceipt) -> MpesaReceipt:
    """Read the receipt again."""
    return MpesaReceipt.objects.get(pk=receipt.pk)


def events(order: Any) -> list[tuple[str, str, str]]:
    """Return the decisions about money in an order's events: before, after and by whom."""
    decided = MpesaEvent.objects.filter(
        mpesa_order_id=order.pk, type__in=["receipt_matched", "receipt_resolved", "refund_recorded"]
    )
    return list(decided.values_list("params__before", "params__after", "by_name"))
