"""Money of a test environment never pays an order in production (M16)."""

from __future__ import annotations

from typing import Any

import pytest

from oscar_mpesa.models import Allocation, MpesaReceipt
from oscar_mpesa.services.payments import start_payment
from oscar_mpesa.services.status_query import refresh_payment
from tests.services.daraja_replies import CREDENTIALS
from tests.shop import ANOTHER, failure, later, new_payment, post, success

pytestmark = pytest.mark.django_db

PRODUCTION = {**CREDENTIALS, "ENVIRONMENT": "production", "SHORTCODE": "5123456", "TEST_MODE": False}


def test_simulated_payment_is_not_paid_once_the_shop_is_live(settings: Any) -> None:
    payment = new_payment()
    settings.OSCAR_MPESA = PRODUCTION

    refresh_payment(payment, now=later(30))
    refresh_payment(payment, now=later(151))

    payment.refresh_from_db()
    assert payment.status == "expired"


def test_test_money_in_a_live_shop_pays_nothing(settings: Any) -> None:
    payment = new_payment()
    body = success(payment)
    settings.OSCAR_MPESA = PRODUCTION

    post(payment, body)

    receipt = MpesaReceipt.objects.get()
    assert (receipt.allocation, receipt.environment) == (Allocation.UNALLOCATED, "simulated")
    assert payment.mpesa_order.order.status == "Pending payment"


def test_real_money_counts_in_a_shop_back_in_test_mode(settings: Any) -> None:
    test_mode = settings.OSCAR_MPESA
    settings.OSCAR_MPESA = {**PRODUCTION, "CONSUMER_KEY": "another key"}
    payment = new_payment(sent=False)
    settings.OSCAR_MPESA = test_mode

    post(payment, success(payment, checkout_id="ws_CO_1"))

    assert MpesaReceipt.objects.get().allocation == Allocation.APPLIED


def test_order_tried_in_test_mode_is_paid_by_a_real_payment(settings: Any) -> None:
    payment = new_payment()
    post(payment, failure(payment))
    settings.OSCAR_MPESA = PRODUCTION

    second = start_payment(payment.mpesa_order.order, phone=ANOTHER, now=later(90))

    assert (payment.environment, second.environment) == ("simulated", "production")
