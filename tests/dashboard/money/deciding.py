"""Make decisions about money on the pages, as staff do: form, review, confirmation."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from django.test import Client

from oscar_mpesa.models import MpesaReceipt, RefundStatus
from tests.dashboard.staff import page_text, url_of

HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
CSRF = "csrfmiddlewaretoken"


def look(client: Client, url: str, **sent: Any) -> str:
    """Return the text of the review of a decision."""
    return page_text(client.post(url, sent))


def agreed(response: Any) -> dict[str, str]:
    """Return the hidden fields with which a review confirms."""
    pairs: dict[str, str] = dict(HIDDEN.findall(response.content.decode()))
    return {name: pairs[name] for name in ("agreed", "outcome") if name in pairs}


def decide(client: Client, url: str, **sent: Any) -> Any:
    """Send a form and confirm its review; return the page after it. Without a review, return the refusal."""
    review = client.post(url, sent, follow=True)
    seen = agreed(review)
    if not seen:
        return review
    return client.post(url, {**sent, **seen, "confirmed": "1"}, follow=True)


def decide_twice(client: Client, url: str, **sent: Any) -> Any:
    """Send the same confirmation twice; return the page after the second."""
    confirmation = {**sent, **agreed(client.post(url, sent)), "confirmed": "1"}
    client.post(url, confirmation)
    return client.post(url, confirmation, follow=True)


def refund_values(receipt: MpesaReceipt, amount: Any = None, **changes: Any) -> dict[str, Any]:
    """Return the values of the refund form, for the receipt's state in the database."""
    now = MpesaReceipt.objects.get(pk=receipt.pk)
    refunds = now.refunds.filter(status=RefundStatus.COMPLETED)
    return {
        "day": "2026-11-24",
        "amount": now.unallocated if amount is None else amount,
        "reference": "OD777REV77",
        "refunded_before": sum((each.amount for each in refunds), Decimal(0)),
        "seen_as": now.status,
        "sent": "on",
        **changes,
    }


def entry_url(name: str, receipt: MpesaReceipt) -> str:
    """Return the URL of a correction of the receipt's newest active entry: unmatch, move or undo."""
    return url_of(f"entry-{name}", receipt.allocations.active().latest("pk").pk)
