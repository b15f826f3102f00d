"""Money that waits for a person, of each kind; and what is to be seen of it afterwards."""

from __future__ import annotations

from typing import Any

from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaEvent, MpesaReceipt
from oscar_mpesa.services.order_closure import close_for_other_method
from tests.shop import CANCELS, failure, later, new_payment, pay, post, success

Order = get_model("order", "Order")


def mismatch(*, amount: int = 1400) -> MpesaReceipt:
    """Money of another amount than was asked for, which holds its payment."""
    payment = new_payment()
    post(payment, success(payment, amount=amount))
    return MpesaReceipt.objects.get(payment=payment)


def surplus() -> MpesaReceipt:
    """Money for an order that is paid."""
    payment = pay(new_payment())
    post(payment, success(payment, number="OD222BBB22"), now=later(5))
    return MpesaReceipt.objects.get(number="OD222BBB22")


def unallocated() -> MpesaReceipt:
    """Money for an order whose shopper chose another way to pay."""
    payment = new_payment(phone=CANCELS)
    post(payment, failure(payment), now=later(20))
    close_for_other_method(Order.objects.get(pk=payment.order_id), now=later(60))
    post(payment, success(payment), now=later(90))
    return MpesaReceipt.objects.get(payment=payment)


def fresh(receipt: MpesaReceipt) -> MpesaReceipt:
    """As it stands in the database now."""
    return MpesaReceipt.objects.get(pk=receipt.pk)


def events(order: Any) -> list[tuple[str, str, str]]:
    """Decisions about money in an order's timeline: from, to, and by whom."""
    decided = MpesaEvent.objects.filter(
        mpesa_order_id=order.pk, type__in=["receipt_matched", "receipt_resolved", "refund_recorded"]
    )
    return list(decided.values_list("params__before", "params__after", "by_name"))
