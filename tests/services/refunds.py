"""Record refunds as staff do."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from oscar_mpesa.models import (
    MpesaReceipt,
)
from oscar_mpesa.services.receipt_decisions import record_refund
from tests.shop import (
    later,
)


def refund(
    receipt: MpesaReceipt, staff: Any, *, amount: Any = None, at: float = 99, code: str = "SKN7AAA111"
) -> MpesaReceipt:
    money = receipt.amount if amount is None else Decimal(amount)
    return record_refund(receipt, amount=money, reference=code, by=staff, now=later(at))
