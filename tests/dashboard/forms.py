"""Build closed orders and guests, and read the forms that decide about their money."""

from __future__ import annotations

from typing import Any

from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.services.order_closure import CloseResult, close_expired_order
from tests.dashboard.staff import ALL, address, at_desk, words
from tests.shop import failure, later, new_payment, post


def seen(name: str, *args: Any, **asked: str) -> str:
    return words(at_desk(*ALL, "act_on_payment", "record_receipt").get(address(name, *args), asked))


def looked_at(order: Any, **changes: str) -> str:
    """The record form before it is confirmed."""
    typed = {"code": "OD999KKK99", "amount": "1500", "day": "2026-11-23", "time": "15:01", "note": "portal"}
    return words(at_desk("record_receipt").post(address("record"), {**typed, "order": order.number, **changes}))


def closed() -> MpesaPayment:
    payment = new_payment()
    post(payment, failure(payment), now=later(20))
    assert close_expired_order(MpesaOrder.objects.get(pk=payment.order_id), now=later(3600)) is CloseResult.CLOSED
    return payment


def stock_snapshot(receipt: MpesaReceipt) -> MpesaReceipt:
    """The things of the order that it came for lie in the basket again."""
    MpesaOrder.objects.filter(pk=receipt.order_id).update(basket_restored_at=later(95))
    return receipt


Order = get_model("order", "Order")


def for_guest(order: Any, email: str) -> Any:
    """The order of a guest with this address."""
    Order.objects.filter(pk=order.pk).update(user=None, guest_email=email)
    order.refresh_from_db()
    return order
