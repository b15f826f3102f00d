"""Build orders whose money is in each state that the panel of an order knows."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from oscar_mpesa.models import MpesaReceipt, RefundPurpose
from oscar_mpesa.services.allocation import allocate
from oscar_mpesa.services.order_closure import close_order
from oscar_mpesa.services.refunds import record_refund
from tests.dashboard.staff import new_claim
from tests.services.unmatched import mismatch
from tests.shop import failure, later, new_payment, new_staff_user, pay, post


def closed_by_staff() -> Any:
    """Create an order that staff closed without money."""
    payment = new_payment()
    post(payment, failure(payment), now=later(10))
    close_order(payment.mpesa_order.order, by=new_staff_user("close_order"), now=later(60))
    return payment.mpesa_order.order


def part_paid() -> Any:
    """Create an order that costs KSh 1,500, and to which staff matched KSh 1,000."""
    receipt = mismatch(amount=1000)
    allocate(receipt, receipt.meant_for, by=new_staff_user("match_receipt"), now=later(60))
    return receipt.meant_for


def part_recorded(amount: int) -> Any:
    """Create an order that costs KSh 1,500, with KSh 1,000 of Safaricom and a payment that staff recorded."""
    order = part_paid()
    new_claim(order, amount=amount, at=later(90))
    return order


def recorded_and_closed() -> Any:
    """Create an order that staff closed, and a recorded payment that counts for nothing."""
    order = new_payment().mpesa_order.order
    new_claim(order, amount=500)
    post(order.mpesa.payments.get(), failure(order.mpesa.payments.get()), now=later(10))
    close_order(order, by=new_staff_user("close_order"), now=later(60))
    return order


def refunded(amount: int, purpose: RefundPurpose = RefundPurpose.CREDIT) -> Any:
    """Create a paid order of which staff refunded an amount."""
    order = pay(new_payment()).mpesa_order.order
    clerk = new_staff_user("record_refund")
    receipt = MpesaReceipt.objects.get()
    record_refund(receipt, amount=Decimal(amount), code="RK1", purpose=purpose, by=clerk, now=later(60))
    return order
