"""Orders in special states, and the text of pages about them."""

from __future__ import annotations

from typing import Any

from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.services.order_closure import CloseResult, close_expired_order
from tests.dashboard.staff import ALL, page_text, staff_client, url_of
from tests.shop import failure, later, new_payment, post


def page_text_of(name: str, *args: Any, **asked: str) -> str:
    return page_text(staff_client(*ALL, "act_on_payment", "record_claim").get(url_of(name, *args), asked))


def review_text(order: Any, **changes: str) -> str:
    """Return the text of the review of a recorded payment."""
    typed = {"code": "OD999KKK99", "amount": "1500", "day": "2026-11-23", "time": "15:01", "note": "portal"}
    return page_text(staff_client("record_claim").post(url_of("record"), {**typed, "order": order.number, **changes}))


def closed_payment() -> MpesaPayment:
    payment = new_payment()
    post(payment, failure(payment), now=later(20))
    assert close_expired_order(MpesaOrder.objects.get(pk=payment.order_id), now=later(3600)) is CloseResult.CLOSED
    return payment


def restore_basket(receipt: MpesaReceipt) -> MpesaReceipt:
    """Mark the order that the receipt is meant for as restored to the basket."""
    MpesaOrder.objects.filter(pk=receipt.meant_for_id).update(basket_restored_at=later(95))
    return receipt


Order = get_model("order", "Order")


def assign_to_guest(order: Any, email: str) -> Any:
    """Make the order a guest's with this email."""
    Order.objects.filter(pk=order.pk).update(user=None, guest_email=email)
    order.refresh_from_db()
    return order
