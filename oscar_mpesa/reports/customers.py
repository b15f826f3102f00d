"""Customers' names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from oscar.core.loading import get_model

Order = get_model("order", "Order")


def name_of(order: Any) -> str:
    """Return the customer's name: of the account, else of an address, else "".

    Queries ``user``, ``shipping_address`` and ``billing_address`` unless they are loaded.
    """
    for person in filter(None, (order.user, order.shipping_address, order.billing_address)):
        if name := " ".join(filter(None, [person.first_name, person.last_name])):
            return name
    return ""


def name_or_email_of(order: Any) -> str:
    """Return the customer's name, or the email if there is no name."""
    return name_of(order) or str(order.email or "")


def customers_of(order_ids: Iterable[int | None]) -> dict[int, str]:
    """Return the name and email of each order's customer, by the order's id. Makes one query."""
    known = {each for each in order_ids if each is not None}
    if not known:
        return {}
    orders = Order.objects.order_by().filter(pk__in=known)
    found = orders.select_related("user", "shipping_address", "billing_address")
    return {order.pk: ", ".join(filter(None, [name_of(order), order.email])) for order in found}
