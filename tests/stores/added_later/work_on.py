"""Work with the old orders once the app is there, and sell by M-PESA. Prints what was seen as JSON."""

from __future__ import annotations

import json
import sys
from io import StringIO
from typing import Any

import django
from django.test.utils import setup_test_environment


def seen() -> dict[str, Any]:
    """Return what staff, customers and a shopper see."""
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from django.test import Client
    from django.urls import reverse
    from oscar.core.loading import get_model

    from oscar_mpesa.models import MpesaOrder, MpesaPayment

    staff, customer = Client(), Client()
    staff.force_login(get_user_model().objects.create_superuser("achieng", "achieng@example.com", "a long passphrase"))
    customer.force_login(get_user_model().objects.get(username="wanjiru"))
    order = get_model("order", "Order").objects.get(number="0")
    details = reverse("dashboard:order-detail", args=[order.number])
    pages = [details, reverse("dashboard:order-list"), reverse("dashboard:mpesa-overview")]
    histories = [reverse("customer:order-list"), reverse("customer:order", args=["4"])]
    answers = [staff.get(url).status_code for url in pages] + [customer.get(url).status_code for url in histories]
    staff.post(details, {"order_action": "change_order_status", "new_status": "Packed"})
    order.refresh_from_db()
    call_command("mpesa_reconcile", stdout=StringIO())
    touched = MpesaOrder.objects.count() + MpesaPayment.objects.count()
    return {"pages": answers, "changed to": order.status, "old orders touched": touched, "sold": _sell()}


def _sell() -> str:
    """Buy in Oscar's own checkout, which has no other method, so that no choice is shown."""
    from django.urls import reverse

    from tests.shop import new_product
    from tests.shopper import Shopper

    shopper = Shopper()
    shopper.puts_in_basket(new_product()).gives_address()
    shopper.client.get(reverse("checkout:payment-method"))
    shopper.names_phone("0708374149")
    answer = shopper.places_order()
    assert answer["Location"] == reverse("checkout:mpesa-payment", args=[shopper.order().mpesa.public_id])
    return str(shopper.order().status)


if __name__ == "__main__":
    setup_test_environment()
    django.setup()
    sys.stdout.write("\n" + json.dumps(seen()) + "\n")
