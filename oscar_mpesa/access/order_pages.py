"""Links to Oscar's pages of orders, for staff who may open them."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from oscar.views.decorators import check_permissions


def may_see_orders(user: Any) -> bool:
    """Whether a user has the permissions that the shop requires for Oscar's page of an order."""
    config: Any = apps.get_app_config("orders_dashboard")
    return bool(check_permissions(user, config.get_permissions("order-detail")))


def order_url(user: Any, number: str) -> str:
    """Return the URL of Oscar's page of an order; "" if the user may not open it, or there is none.

    Oscar has no page for a number with a slash, which a shop's own numbers can have.
    """
    if not may_see_orders(user):
        return ""
    try:
        return reverse("dashboard:order-detail", args=[number])
    except NoReverseMatch:
        return ""


def order_link(user: Any, number: str) -> str:
    """Return the order's number, as a link to its page if the user may open it."""
    url = order_url(user, number)
    return format_html('<a href="{}">{}</a>', url, number) if url else number
