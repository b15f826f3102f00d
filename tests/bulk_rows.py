"""Build thousands of payments or receipts as rows, without placing their orders."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from oscar.core.loading import get_model

from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.models import MpesaAllocation, MpesaOrder, MpesaPayment, MpesaReceipt
from tests.shop import NOON, later

Order = get_model("order", "Order")

PHONE = "254708374149"


def many_payments(count: int, **columns: Any) -> None:
    """Create unanswered live payments, each of its own order; ``columns`` are of the payments."""
    payments = [_payment(mpesa_order, columns) for mpesa_order in _mpesa_orders(count)]
    MpesaPayment.objects.bulk_create(payments, batch_size=500)


def many_failed_payments(count: int) -> None:
    """Create failed payments of one order, which is faster than an order each."""
    (mpesa_order,) = _mpesa_orders(1)
    failed = {"status": PaymentStatus.FAILED.value, "live_order": None, "next_query_at": None}
    MpesaPayment.objects.bulk_create((_payment(mpesa_order, failed) for _ in range(count)), batch_size=500)


def many_receipts(count: int) -> None:
    """Create production receipts of one shilling each, allocated to one order."""
    (mpesa_order,) = _mpesa_orders(1)
    receipts = [
        MpesaReceipt(
            number=f"OD{number:08}",
            environment="production",
            amount=1,
            paid_at=NOON,
            posted_on=NOON.date(),
            meant_for_id=mpesa_order.pk,
            status="matched",
            created_at=NOON,
        )
        for number in range(count)
    ]
    MpesaReceipt.objects.bulk_create(receipts, batch_size=500)
    facts = {"order_id": mpesa_order.pk, "amount": 1, "reason": "payment", "created_at": NOON, "booked_at": NOON}
    entries = [MpesaAllocation(receipt=receipt, posted_on=NOON.date(), **facts) for receipt in receipts]
    MpesaAllocation.objects.bulk_create(entries, batch_size=500)


def _payment(mpesa_order: MpesaOrder, columns: dict[str, Any]) -> MpesaPayment:
    waiting = {
        "status": PaymentStatus.PROCESSING.value,
        "created_at": NOON,
        "push_sent_at": NOON,
        "next_query_at": later(20),
        "live_order": mpesa_order.pk,
        **columns,
    }
    order = {"mpesa_order": mpesa_order, "environment": "sandbox"}
    return MpesaPayment(phone=PHONE, amount=1500, **order, **waiting)


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
