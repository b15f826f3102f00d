"""Record refunds as staff do."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from oscar_mpesa.models import (
    MpesaAllocation,
    MpesaReceipt,
    MpesaRefund,
    RefundMethod,
    RefundPurpose,
    RefundStatus,
)
from oscar_mpesa.services.refunds import record_refund
from tests.shop import later

CREDIT, RETURNED = RefundPurpose.CREDIT, RefundPurpose.PAYMENT_RETURNED


def refund(
    receipt: MpesaReceipt, staff: Any, *, amount: Any = None, at: float = 700, code: str = "SKN7AAA111", **about: Any
) -> list[MpesaRefund]:
    """Record that staff refunded a receipt by hand, all of it by default."""
    money = receipt.amount if amount is None else Decimal(amount)
    return record_refund(receipt, amount=money, code=code, by=staff, now=later(at), **about)


def request_refund(
    receipt: MpesaReceipt,
    amount: int,
    *,
    status: RefundStatus = RefundStatus.REQUESTED,
    allocation: MpesaAllocation | None = None,
) -> MpesaRefund:
    """Insert a refund that a later release would request from Safaricom."""
    return MpesaRefund.objects.create(
        receipt=receipt,
        allocation=allocation,
        amount=amount,
        purpose=RETURNED,
        method=RefundMethod.REVERSAL,
        status=status,
        requested_at=later(650),
    )


def parts(refunds: list[MpesaRefund]) -> list[tuple[bool, Decimal, str]]:
    """Return whether each refund is of an allocation, its amount, and its purpose."""
    return [(each.allocation is not None, each.amount, each.purpose) for each in refunds]
