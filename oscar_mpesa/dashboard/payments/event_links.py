"""Links from the timeline to the money and the orders that an event names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import pgettext

from oscar_mpesa.access.order_pages import order_url
from oscar_mpesa.models import MpesaEvent, MpesaReceipt

#: The params that hold the number of another order.
ORDERS = ("order", "meant_for", "moved_from", "moved_to")


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineLink:
    """A page that says more; ``href`` is "" if there is none for the user."""

    label: str
    href: str


def receipt_link(receipt: MpesaReceipt) -> TimelineLink:
    """Link to the page of a receipt."""
    label = receipt.number or pgettext("label", "code missing")
    return TimelineLink(label=label, href=reverse("dashboard:mpesa-receipt", args=[receipt.pk]))


def event_links(event: MpesaEvent, *, user: Any) -> Iterator[TimelineLink]:
    """Yield links to the event's receipt, its recorded payment, and the orders that it names.

    The receipt must be loaded. A link has no ``href`` if the user may not open the order's page.
    """
    params: dict[str, Any] = event.params
    if event.receipt is not None:
        yield receipt_link(event.receipt)
    if "claim" in params:
        href = reverse("dashboard:mpesa-claim", args=[params["claim"]])
        yield TimelineLink(label=pgettext("label", "recorded payment %(number)s") % _number(params), href=href)
    numbers = dict.fromkeys(params[name] for name in ORDERS if params.get(name))
    for number in numbers:
        label = pgettext("label", "order %(number)s") % {"number": number}
        yield TimelineLink(label=label, href=order_url(user, number))


def _number(params: dict[str, Any]) -> dict[str, str]:
    return {"number": str(params.get("number", ""))}
