"""Two staff members record the same M-PESA code at once."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from oscar_mpesa.models import MpesaReceipt
from oscar_mpesa.services.claims import record_receipt
from oscar_mpesa.services.exceptions import ReceiptKnown
from tests.databases.threads import at_once
from tests.shop import later, new_order, new_staff_user

pytestmark = [pytest.mark.databases, pytest.mark.django_db(transaction=True)]


def record(number: str, order: Any, staff: Any) -> str:
    """Record the code; return which order has it already, or that this call was the first."""
    try:
        record_receipt(number, Decimal(1500), order=order, by=staff, note="M-PESA portal", now=later(600))
    except ReceiptKnown as refusal:
        return f"known for {refusal.receipt.order_id}"
    return "recorded"


def test_code_recorded_for_two_orders_at_once_counts_once() -> None:
    staff = new_staff_user("record_receipt")
    for index in range(10):
        number, orders = f"SKN{index:07}", [new_order(), new_order()]

        results = at_once([partial(record, number, order, staff) for order in orders])

        kept = MpesaReceipt.objects.get(number=number)
        assert sorted(results) == [f"known for {kept.order_id}", "recorded"]
