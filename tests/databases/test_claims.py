"""Two people write down money at once."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from oscar_mpesa.models import MpesaReceipt
from oscar_mpesa.services.claims import record_receipt
from oscar_mpesa.services.exceptions import ReceiptKnown
from tests.databases.crowd import at_once
from tests.shop import later, new_clerk, new_order

pytestmark = [pytest.mark.databases, pytest.mark.django_db(transaction=True)]


def write_down(number: str, order: Any, clerk: Any) -> str:
    """Says whether it was the first; any other error is raised."""
    try:
        record_receipt(number, Decimal(1500), order=order, by=clerk, note="M-PESA portal", now=later(600))
    except ReceiptKnown as refusal:
        return f"known for {refusal.receipt.order_id}"
    return "written"


def test_one_code_written_down_for_two_orders_at_once_counts_once_and_is_known_to_the_other() -> None:
    clerk = new_clerk("record_receipt")
    for index in range(10):
        number, orders = f"SKN{index:07}", [new_order(), new_order()]

        said = at_once([partial(write_down, number, order, clerk) for order in orders])

        kept = MpesaReceipt.objects.get(number=number)
        assert sorted(said) == [f"known for {kept.order_id}", "written"]
