"""Open Oscar's page of an order as staff."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from oscar.test.factories import UserFactory


def somebody(*permissions: str, is_staff: bool = True) -> Client:
    """Return the client of a user who may see orders and has these permissions."""
    user = UserFactory(is_staff=is_staff)
    ours = Permission.objects.filter(content_type__app_label="oscar_mpesa", codename__in=permissions)
    of_oscar = Permission.objects.filter(content_type__app_label="order", codename__endswith="_order")
    user.user_permissions.set([*ours, *of_oscar])
    client = Client()
    client.force_login(user)
    return client


def page_of(order: Any, client: Client) -> str:
    """Return Oscar's page of an order."""
    response = client.get(reverse("dashboard:order-detail", args=[order.number]))
    assert response.status_code == 200
    return str(response.content.decode())


def panel_of(order: Any, *permissions: str) -> str:
    """Return the panel of that page, for staff with these permissions."""
    page = page_of(order, somebody("view_mpesapayment", *permissions))
    start = page.index("mpesa-order-panel")
    return page[start : page.index("</section>", start)]
