"""A visitor of the demo shop tries every test number again and again, and then the own one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.simulator.test_numbers import ANSWERS

pytestmark = pytest.mark.django_db(transaction=True)

NYALI = {"first_name": "Amina", "last_name": "Otieno", "line1": "Nyali Road 12", "line4": "Mombasa"}


@pytest.fixture
def visitor(settings: Any, tmp_path: Any) -> Client:
    settings.MEDIA_ROOT = str(tmp_path)
    call_command("sandbox_shop", verbosity=0)
    return Client()


def buys(visitor: Client, phone: str) -> str:
    """Buy coffee as a guest and open the payment page once the phone has answered. Return the payment's status."""
    coffee = get_model("catalogue", "Product").objects.get(stockrecords__partner_sku="coffee")
    visitor.post(f"/en/basket/add/{coffee.pk}/", {"quantity": 1})
    visitor.post("/en/checkout/", {"username": "guest@example.com", "options": "anonymous"})
    visitor.post("/en/checkout/shipping-address/", NYALI)
    visitor.post("/en/checkout/shipping-method/", {"method_code": "boda-boda"})
    visitor.post("/en/checkout/payment-method/", {"method": "mpesa"})
    visitor.post("/en/checkout/preview/", {"which": "another", "phone_number": phone})
    placed = visitor.post("/en/checkout/preview/", {"action": "place_order"})
    assert "/checkout/mpesa/" in placed["Location"], placed["Location"]
    newest = MpesaPayment.objects.latest("pk")
    MpesaPayment.objects.filter(pk=newest.pk).update(push_sent_at=timezone.now() - timedelta(seconds=6))
    visitor.get(placed["Location"])
    newest.refresh_from_db()
    return f"{newest.status} {newest.result_code}"


def test_visitor_buys_with_every_test_number_three_times(visitor: Client) -> None:
    results = [buys(visitor, phone) for _ in range(3) for phone in ANSWERS]
    own = buys(visitor, "0712345678")

    assert results == ["completed 0", "failed 1", "cancelled 1032"] * 3
    assert own == "completed 0"
