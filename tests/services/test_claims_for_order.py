"""Money that was written down for an order alone, and what Safaricom tells of its request afterwards."""

from __future__ import annotations

from decimal import Decimal

import pytest

from oscar_mpesa.models import Allocation, MpesaReceipt
from oscar_mpesa.services.claims import record_receipt
from oscar_mpesa.services.payment_updates import apply_update
from tests.shop import failure, later, new_clerk, new_payment, post, said_by_query

pytestmark = pytest.mark.django_db


def test_it_is_not_taken_twice_when_safaricom_says_that_its_only_request_was_paid() -> None:
    payment = new_payment()
    post(payment, failure(payment), now=later(10))
    order, clerk = payment.mpesa_order.order, new_clerk("record_receipt")
    typed = record_receipt("OD123ABC45", Decimal(1500), order=order, by=clerk, note="portal", now=later(300))

    apply_update(payment, said_by_query("0"), now=later(400))

    receipt = MpesaReceipt.objects.get()
    assert (receipt.pk, receipt.payment, receipt.allocation) == (typed.pk, payment, Allocation.APPLIED)
