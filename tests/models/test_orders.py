"""Test that the filters of many orders match the properties of one."""

from __future__ import annotations

from datetime import datetime

import pytest

from oscar_mpesa.models import MpesaOrder
from oscar_mpesa.models.orders import has_pending_status
from tests.shop import NOON, new_payment

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("status", "closed_at", "awaits", "is_open"),
    [
        pytest.param("Pending payment", None, True, True, id="pending"),
        pytest.param("Pending payment", NOON, False, False, id="pending but closed"),
        pytest.param("Being processed", None, False, True, id="paid"),
        pytest.param("Cancelled", None, False, True, id="canceled by hand"),
        pytest.param("Payment expired", NOON, False, False, id="expired"),
    ],
)
def test_open_pending_order_awaits_payment(
    status: str, closed_at: datetime | None, awaits: bool, is_open: bool
) -> None:
    mpesa_order = new_payment().mpesa_order
    mpesa_order.order.status, mpesa_order.closed_at = status, closed_at
    mpesa_order.order.save()
    mpesa_order.save()

    assert mpesa_order.is_awaiting_payment is awaits
    assert MpesaOrder.objects.awaiting_payment().exists() is awaits
    assert MpesaOrder.objects.open().exists() is is_open
    assert has_pending_status(mpesa_order.order) is (status == "Pending payment")
