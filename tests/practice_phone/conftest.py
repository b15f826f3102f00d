"""Fixtures for a session that owns a payment."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from oscar_mpesa.access.ownership import NUMBERS_KEY, ORDERS_KEY
from oscar_mpesa.models import MpesaPayment
from tests.shop import ANOTHER, new_payment


def give(client: Client, *payments: MpesaPayment) -> None:
    """Make the client's session the owner of these payments' orders."""
    session = client.session
    session[ORDERS_KEY] = [payment.mpesa_order.public_id for payment in payments]
    session[NUMBERS_KEY] = [payment.phone for payment in payments]
    session.save()


@pytest.fixture
def payment() -> MpesaPayment:
    return new_payment(phone=ANOTHER, now=timezone.now())


@pytest.fixture
def owner(client: Client, payment: MpesaPayment) -> Any:
    give(client, payment)
    return client
