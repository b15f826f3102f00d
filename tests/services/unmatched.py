"""Build money that waits for a person, of each kind."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from oscar.core.loading import get_model

from oscar_mpesa.daraja.stk_query import StkQueryReply
from oscar_mpesa.models import MpesaEvent, MpesaReceipt
from oscar_mpesa.services.confirmation import apply_paid_reply
from oscar_mpesa.services.order_closure import close_for_other_method
from tests.shop import ANOTHER, CANCELS, OWNER, failure, later, new_payment, pay, post, success

Order = get_model("order", "Order")


def mismatch(*, amount: int = 1400) -> MpesaReceipt:
    """Create money of another amount than its payment's."""
    payment = new_payment()
    post(payment, success(payment, amount=amount))
    return MpesaReceipt.objects.get(payment=payment)


def other_amount_reported() -> MpesaReceipt:
    """Create money of the right amount, of which a callback reported another amount."""
    payment = new_payment()
    post(payment, success(payment, amount=2500), now=later(5), confirmed=False)
    checkout_id = payment.checkout_request_id or ""
    apply_paid_reply(payment, StkQueryReply(result_code="0", description="ok"), checkout_id=checkout_id, now=later(6))
    return MpesaReceipt.objects.get(payment=payment)


def surplus() -> MpesaReceipt:
    """Create money for an order that is already paid: both of its prompts were."""
    first = new_payment()
    post(first, failure(first), now=later(1))
    pay(new_payment(first.mpesa_order.order, phone=ANOTHER, now=later(2)), now=later(3))
    post(first, success(first, number="OD222BBB22"), now=later(5))
    return MpesaReceipt.objects.get(number="OD222BBB22")


def surplus_of_today() -> MpesaReceipt:
    """Create such money that came a moment ago, by the real clock."""
    receipt = surplus()
    MpesaReceipt.objects.filter(pk=receipt.pk).update(paid_at=timezone.now())
    return fresh(receipt)


def unallocated() -> MpesaReceipt:
    """Create money for an order whose shopper chose another payment method."""
    payment = new_payment(phone=CANCELS)
    post(payment, failure(payment), now=later(20))
    close_for_other_method(Order.objects.get(pk=payment.order_id), actor=OWNER, now=later(60))
    post(payment, success(payment), now=later(90))
    return MpesaReceipt.objects.get(payment=payment)


def fresh(receipt: MpesaReceipt) -> MpesaReceipt:
    """Read the receipt again."""
    return MpesaReceipt.objects.get(pk=receipt.pk)


def events(order: Any) -> list[tuple[str, str, str]]:
    """Return the decisions about money in an order's events: what was decided, the amount, and by whom."""
    kinds = ["receipt_matched", "allocation_reversed", "allocation_moved"]
    kinds += ["receipt_resolved", "resolution_undone", "refund_recorded", "refund_voided"]
    decided = MpesaEvent.objects.filter(mpesa_order_id=order.pk, type__in=kinds)
    return [(each.type, each.params["amount"], each.by_name) for each in decided]
