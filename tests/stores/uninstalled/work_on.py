"""Work on without the app: open the dashboard's orders, change them, and sell. Prints what was seen as JSON."""

from __future__ import annotations

import json
import sys
from typing import Any

import django
from django.test.utils import setup_test_environment


def seen() -> dict[str, Any]:
    """Return what staff and a shopper see."""
    from django.contrib.auth import get_user_model
    from django.test import Client
    from django.urls import reverse
    from oscar.core.loading import get_model

    staff = Client()
    staff.force_login(get_user_model().objects.create_superuser("boss", "boss@example.com", "secret"))
    orders = {order.status: order for order in get_model("order", "Order").objects.all()}
    pages = {status: reverse("dashboard:order-detail", args=[order.number]) for status, order in orders.items()}
    details = {status: staff.get(url) for status, url in pages.items()}
    listed = staff.get(reverse("dashboard:order-list"), {"status": "Payment expired"})
    staff.post(pages["Payment expired"], {"order_action": "change_order_status", "new_status": "Cancelled"})
    orders["Payment expired"].refresh_from_db()
    return {
        "details": {status: answer.status_code for status, answer in details.items()},
        "listed": orders["Payment expired"].number in listed.content.decode(),
        "changed to": orders["Payment expired"].status,
        "source of the paid order": orders["New"].sources.get().reference,
        "sold": _sell(),
    }


def _sell() -> str:
    """Buy as a shopper does in Oscar's own checkout; return the status of the order."""
    from django.urls import reverse
    from oscar.core.loading import get_model

    from tests.shopper import Shopper

    shopper = Shopper()
    product = get_model("catalogue", "Product").objects.first()
    shopper.puts_in_basket(product).gives_address()
    shopper.client.get(reverse("checkout:preview"))
    answer = shopper.places_order()
    assert answer["Location"] == reverse("checkout:thank-you"), answer["Location"]
    return str(shopper.order().status)


if __name__ == "__main__":
    setup_test_environment()
    django.setup()
    sys.stdout.write("\n" + json.dumps(seen()) + "\n")
