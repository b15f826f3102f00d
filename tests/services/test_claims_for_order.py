"""Staff record money for an order, and later Safaricom confirms its only payment."""

from __future__ import annotations

from decimal import Decimal

import pytest

from oscar_mpesa.models import Allocation, MpesaReceipt
from oscar_mpesa.services.claims import record_receipt
from oscar_mpesa.services.payment_updates import apply_update
from tests.shop import failure, later, new_payment, new_staff_user, post, query_update

pytestmark = pytest.mark.django_db


def test_recorded_money_counts_once_when_safaricom_confirms_the_payment() -> None:
    payment = new_payment()
    post(payment, failure(payment), now=later(10))
    order, staff = payment.mpesa_order.order, new_staff_user("record_receipt")
    recorded = record_receipt("OD123ABC45", Decimal(1500), order=order, by=staff, note="portal", now=later(300))

    apply_update(payment, query_update("0"), now=later(400))

    receipt = MpesaReceipt.objects.get()
    assert (receipt.pk, receipt.payment, receipt.allocation) == (recorded.pk, payment, Allocation.APPLIED)
