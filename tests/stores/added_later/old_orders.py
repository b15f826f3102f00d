"""Sell a thousand orders without the app, in each of the shop's statuses, and in one that it no longer has."""

from __future__ import annotations

import django

STATUSES = ["New", "Packed", "Sent", "Cancelled", "Of an old pipeline"]


def sell() -> None:
    """Leave the orders, without lines."""
    from django.contrib.auth import get_user_model
    from django.utils import timezone
    from oscar.core.loading import get_model

    order_class = get_model("order", "Order")
    user = get_user_model().objects.create_user("wanjiru", "wanjiru@example.com", "a long passphrase")
    facts = {"total_excl_tax": 1500, "total_incl_tax": 1500, "date_placed": timezone.now()}
    orders = [
        order_class(number=str(number), user=user, currency="KES", status=STATUSES[number % len(STATUSES)], **facts)
        for number in range(1000)
    ]
    order_class.objects.bulk_create(orders)


if __name__ == "__main__":
    django.setup()
    sell()
