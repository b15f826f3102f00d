"""Thousands of payments at once, as rows alone: nobody placed their orders."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from oscar.core.loading import get_model

from oscar_mpesa.domain.status import Status
from oscar_mpesa.models import MpesaOrder, MpesaPayment
from tests.shop import NOON, later

Order = get_model("order", "Order")

PHONE = "254708374149"


def many_payments(count: int, **columns: Any) -> None:
    """So many live payments of so many orders, which Safaricom has not answered; ``columns`` are of the payments."""
    payments = [_payment(mpesa_order, columns) for mpesa_order in _mpesa_orders(count)]
    MpesaPayment.objects.bulk_create(payments, batch_size=500)


def _payment(mpesa_order: MpesaOrder, columns: dict[str, Any]) -> MpesaPayment:
    waiting = {"status": Status.PROCESSING.value, "prompted_at": NOON, "next_question_at": later(20), **columns}
    live = {"mpesa_order": mpesa_order, "live_order": mpesa_order.pk, "environment": "sandbox"}
    return MpesaPayment(phone=PHONE, amount=1500, created_at=NOON, **live, **waiting)


def _mpesa_orders(count: int) -> list[MpesaOrder]:
    known = Order.objects.count()
    total = dict.fromkeys(["total_incl_tax", "total_excl_tax"], Decimal(1500))
    orders = [
        Order(number=f"B{known + number}", currency="KES", status="Pending payment", date_placed=NOON, **total)
        for number in range(count)
    ]
    mpesa_orders = [
        MpesaOrder(order=order, environment="sandbox", created_at=NOON, pay_before=later(1800))
        for order in Order.objects.bulk_create(orders, batch_size=500)
    ]
    return MpesaOrder.objects.bulk_create(mpesa_orders, batch_size=500)
