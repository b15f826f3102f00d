"""What becomes of an order in a shop with its own words."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone
from oscar.core.loading import get_class

from oscar_mpesa.models import MpesaOrder, MpesaPayment
from tests.shop import new_product, post, success
from tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)

#: The simulator's shopper who cancels the prompt.
CANCELS = "0708374151"
HAS_PIPELINE = bool(settings.OSCAR_ORDER_STATUS_PIPELINE.get("Mpya"))


@pytest.fixture
def shopper() -> Shopper:
    someone = Shopper()
    someone.puts_in_basket(new_product()).gives_address()
    someone.client.post("/en/checkout/payment-method/", {"pay_with": "mpesa"})
    someone.names_phone(CANCELS)
    someone.places_order()
    return someone


def change_status(order: Any, status: str) -> None:
    get_class("order.processing", "EventHandler")().handle_order_status_change(order, status)
    order.refresh_from_db()


def test_paid_order_has_the_shops_word(shopper: Shopper) -> None:
    payment = MpesaPayment.objects.get()

    post(payment, success(payment))

    order = shopper.order()
    assert order.status == "Mpya"
    assert order.sources.get().amount_debited == 1500


def test_unpaid_order_expires_and_releases_its_stock(shopper: Shopper) -> None:
    long_ago, past = timezone.now() - timedelta(hours=1), timezone.now() - timedelta(minutes=1)
    MpesaPayment.objects.update(created_at=long_ago, push_sent_at=long_ago)
    MpesaOrder.objects.update(pay_before=past, close_check_at=past)
    record = shopper.order().lines.get().stockrecord
    before = record.net_stock_level

    call_command("mpesa_reconcile", stdout=StringIO())

    record.refresh_from_db()
    assert (before, record.net_stock_level) == (9, 10)
    assert shopper.order().status == "Payment expired"


def test_canceling_in_the_shops_word_releases_the_stock(shopper: Shopper) -> None:
    order, word = shopper.order(), "Imefutwa" if HAS_PIPELINE else "Cancelled"

    change_status(order, word)

    assert (order.status, order.lines.get().stockrecord.net_stock_level) == (word, 10)
    assert MpesaOrder.objects.get().is_closed
