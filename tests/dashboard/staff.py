"""Somebody at the desk: a browser of theirs, and money in the list to look at."""

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

#: What everybody at the desk has.
VIEW = "view_mpesapayment"

TAGS = re.compile(r"<[^>]+>")

#: All that may be decided about money.
ALL = ("apply_receipt", "record_return", "explain_receipt")


def at_desk(*permissions: str) -> Client:
    """The browser of a clerk who may see M-Pesa, and do these things."""
    client = Client()
    client.force_login(new_staff_user(VIEW, *permissions))
    return client


def at_order_desk() -> Client:
    """The browser of a clerk who may see M-Pesa, and the orders in Oscar's dashboard."""
    client = Client()
    clerk = new_staff_user(VIEW)
    allow_order_pages(clerk)
    client.force_login(clerk)
    return client


def address(name: str, *args: Any) -> str:
    """Of a page of the desk."""
    return reverse(f"dashboard:mpesa-{name}", args=args)


def words(response: Any) -> str:
    """What a reader sees of the page's own part, its blanks made even."""
    page = response.content.decode().partition('<div class="content">')[2]
    return " ".join(html.unescape(TAGS.sub(" ", page)).split())


def new_receipt(number: str | None = "OD123ABC45", **about: Any) -> MpesaReceipt:
    """Money as a row alone: used, of production and without an order, unless told otherwise."""
    paid_at: datetime = about.get("paid_at", NOON)
    told = {
        "environment": "production",
        "amount": Decimal(1500),
        "paid_at": paid_at,
        "source": "callback",
        "allocation": Allocation.APPLIED,
        "allocated_at": paid_at,
        "created_at": paid_at,
        **about,
    }
    return MpesaReceipt.objects.create(number=number, **told)


def production(settings: Any) -> None:
    """The shop takes real money."""
    settings.OSCAR_MPESA = {
        "ENVIRONMENT": "production",
        "CONSUMER_KEY": "key",
        "CONSUMER_SECRET": "secret",
        "SHORTCODE": "5123456",
        "PASSKEY": "passkey",
        "SHORTCODE_TYPE": "paybill",
        "CALLBACK_URL": "https://duka.example.com/hooks",
    }


def page_of(receipt: MpesaReceipt) -> str:
    """The address of one arrival of money."""
    return reverse("dashboard:mpesa-receipt", args=[receipt.pk])


def number_of(receipt: MpesaReceipt) -> str:
    """Of the order that the money came for."""
    assert receipt.order is not None
    return str(receipt.order.number)


def door(name: str, receipt: MpesaReceipt) -> str:
    """The address at which a decision about it is made: apply, return or explain."""
    return reverse(f"dashboard:mpesa-receipt-{name}", args=[receipt.pk])
