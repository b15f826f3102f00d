"""Sell by M-PESA: one order is paid with real money, another one still waits. Run it with the app installed."""

from __future__ import annotations

import django
from django.test.utils import setup_test_environment


def sell() -> None:
    """Leave a paid order and one that waits for a payment."""
    from oscar_mpesa.models import MpesaOutboxMessage, MpesaReceipt
    from tests.shop import CANCELS, failure, later, new_payment, pay, post

    pay(new_payment())
    unpaid = new_payment(phone=CANCELS)
    post(unpaid, failure(unpaid))
    MpesaReceipt.objects.update(environment="production")
    MpesaOutboxMessage.objects.filter(delivered_at=None).update(delivered_at=later(0))


if __name__ == "__main__":
    setup_test_environment()
    django.setup()
    sell()
