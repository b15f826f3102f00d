"""Clients of staff, receipts, and URLs of the dashboard."""

from __future__ import annotations

import html
import re
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.test import Client
from django.urls import reverse

from oscar_mpesa.domain.timezone import NAIROBI
from oscar_mpesa.models import MpesaAllocation, MpesaClaim, MpesaReceipt, MpesaRefund
from oscar_mpesa.services.claims import record_claim
from tests.shop import NOON, allow_order_pages, new_staff_user

#: The permission that every page needs.
VIEW = "view_mpesapayment"

TAGS = re.compile(r"<[^>]+>")

#: Why money is not matched, by the status of its receipt.
REASONS = {"overpaid": "order_paid", "unmatched": "order_closed", "wrong_amount": "wrong_amount"}

#: All decisions about receipts.
ALL = ("match_receipt", "record_refund", "resolve_receipt")


def staff_client(*permissions: str) -> Client:
    """Return the client of staff who may see the turnover, with these permissions."""
    client = Client()
    client.force_login(new_staff_user(VIEW, "view_turnover", *permissions))
    return client


def orders_staff_client() -> Client:
    """Return the client of staff who may also see orders in Oscar's dashboard."""
    client = Client()
    clerk = new_staff_user(VIEW, "view_turnover")
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


def new_receipt(number: str | None = "OD123ABC45", *, order: Any = None, **about: Any) -> MpesaReceipt:
    """Create a receipt without other rows; by default matched, of production and without an order.

    With an order it is meant for that order, and allocated to it if it is matched.
    """
    paid_at: datetime = about.get("paid_at", NOON)
    status = about.get("status", "matched")
    columns = {
        "environment": "production",
        "amount": Decimal(1500),
        "paid_at": paid_at,
        "posted_on": paid_at.astimezone(NAIROBI).date(),
        "status": status,
        "unmatched_reason": REASONS.get(status, ""),
        "meant_for": order,
        "created_at": paid_at,
        **about,
    }
    if status in REASONS:
        columns.setdefault("unallocated", columns["amount"])
    receipt = MpesaReceipt.objects.create(number=number, **columns)
    if order is not None and status == "matched":
        new_allocation(receipt, order)
    return receipt


def new_allocation(receipt: MpesaReceipt, order: Any, **about: Any) -> MpesaAllocation:
    """Allocate a receipt to an order, or to none, without the sums and the shop's books."""
    columns = {
        "amount": receipt.amount,
        "reason": "payment" if order else "resolved",
        "created_at": receipt.paid_at,
        "posted_on": receipt.posted_on,
        "booked_at": receipt.paid_at,
        **about,
    }
    return MpesaAllocation.objects.create(receipt=receipt, order=order, **columns)


def new_refund(receipt: MpesaReceipt, amount: Any, *, code: str = "R1", **about: Any) -> MpesaRefund:
    """Create a refund that was sent by hand, without the sums and the shop's books."""
    at: datetime = about.get("happened_at", NOON)
    columns = {
        "purpose": "payment_returned",
        "method": "manual",
        "status": "completed",
        "happened_at": at,
        "posted_on": at.astimezone(NAIROBI).date(),
        "requested_at": at,
        **about,
    }
    return MpesaRefund.objects.create(receipt=receipt, amount=amount, code=code, **columns)


def new_claim(order: Any, *, number: str = "OD777KKK77", amount: int = 1500, at: datetime = NOON) -> MpesaClaim:
    """Record a payment by hand, as staff do."""
    by = new_staff_user("record_claim")
    return record_claim(number, Decimal(amount), order=order, paid_at=at, by=by, note="M-PESA portal", now=at)


def use_production(settings: Any) -> None:
    """Set the shop to production."""
    settings.OSCAR_MPESA = {
        "WAKE": settings.OSCAR_MPESA["WAKE"],
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


def claim_url(claim: MpesaClaim) -> str:
    """Return the URL of a recorded payment's page."""
    return reverse("dashboard:mpesa-claim", args=[claim.pk])


def order_number_of(receipt: MpesaReceipt) -> str:
    """Return the number of the order that the receipt is meant for."""
    assert receipt.meant_for is not None
    return str(receipt.meant_for.number)


def decision_url(name: str, receipt: MpesaReceipt) -> str:
    """Return the URL of a decision: allocate, refund or resolve."""
    return reverse(f"dashboard:mpesa-receipt-{name}", args=[receipt.pk])
