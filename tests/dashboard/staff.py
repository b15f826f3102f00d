"""Clients of staff, receipts, and URLs of the dashboard."""

from __future__ import annotations

import html
import re
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.test import Client
from django.urls import reverse

from oscar_mpesa.models import Allocation, MpesaReceipt
from tests.shop import NOON, allow_order_pages, new_staff_user

#: The permission that every page needs.
VIEW = "view_mpesapayment"

TAGS = re.compile(r"<[^>]+>")

#: All decisions about receipts.
ALL = ("apply_receipt", "record_return", "explain_receipt")


def staff_client(*permissions: str) -> Client:
    """Return the client of staff with these permissions."""
    client = Client()
    client.force_login(new_staff_user(VIEW, *permissions))
    return client


def orders_staff_client() -> Client:
    """Return the client of staff who may also see orders in Oscar's dashboard."""
    client = Client()
    clerk = new_staff_user(VIEW)
    allow_order_pages(clerk)
    client.force_login(clerk)
    return client


def url_of(name: str, *args: Any) -> str:
    """Return the URL of a dashboard page."""
    return reverse(f"dashboard:mpesa-{name}", args=args)


def page_text(response: Any) -> str:
    """Return the text of the page's content, with single spaces."""
    page = response.content.decode().partition('<div class="content">')[2]
    return " ".join(html.unescape(TAGS.sub(" ", page)).split())


def new_receipt(number: str | None = "OD123ABC45", **about: Any) -> MpesaReceipt:
    """Create a receipt without other rows; by default matched, of production and without an order."""
    paid_at: datetime = about.get("paid_at", NOON)
    text = {
        "environment": "production",
        "amount": Decimal(1500),
        "paid_at": paid_at,
        "source": "callback",
        "allocation": Allocation.APPLIED,
        "allocated_at": paid_at,
        "created_at": paid_at,
        **about,
    }
    return MpesaReceipt.objects.create(number=number, **text)


def use_production(settings: Any) -> None:
    """Set the shop to production."""
    settings.OSCAR_MPESA = {
        "ENVIRONMENT": "production",
        "CONSUMER_KEY": "key",
        "CONSUMER_SECRET": "secret",
        "SHORTCODE": "5123456",
        "PASSKEY": "passkey",
        "SHORTCODE_TYPE": "paybill",
        "CALLBACK_URL": "https://duka.example.com/hooks",
    }


def receipt_url(receipt: MpesaReceipt) -> str:
    """Return the URL of a receipt's page."""
    return reverse("dashboard:mpesa-receipt", args=[receipt.pk])


def order_number_of(receipt: MpesaReceipt) -> str:
    """Return the number of the receipt's order."""
    assert receipt.order is not None
    return str(receipt.order.number)


def decision_url(name: str, receipt: MpesaReceipt) -> str:
    """Return the URL of a decision: allocate, refund or resolve."""
    return reverse(f"dashboard:mpesa-receipt-{name}", args=[receipt.pk])
