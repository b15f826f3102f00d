"""Remind shoppers of an unpaid order in the basket, the checkout and the order history."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import pgettext

from oscar_mpesa.access.unpaid_order import unpaid_order_of
from oscar_mpesa.oscar_adapter import order_messages

__all__ = ["MpesaReminderMixin"]


class MpesaReminderMixin:
    """Add a message to a view of the shop, with a link to the payment page of an unpaid order."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Render the shop's own page with the reminder in its messages."""
        add_reminder(request, number=kwargs.get("order_number", ""))
        response: HttpResponse = super().get(request, *args, **kwargs)  # type: ignore[misc]
        return response


def add_reminder(request: HttpRequest, *, number: str = "") -> None:
    """Add a message about the shopper's unpaid order, preferably the one of this ``number``, if there is one.

    The tag ``safe`` lets Oscar render the message's HTML.
    """
    mpesa_order = unpaid_order_of(request, number=number)
    if mpesa_order is None:
        return
    link = format_html(
        '<a class="alert-link" href="{}">{}</a>',
        reverse("checkout:mpesa-payment", args=[mpesa_order.public_id]),
        pgettext("label", "Finish paying"),
    )
    text = format_html("{} {}", order_messages.unpaid_order_message(mpesa_order), link)
    messages.info(request, text, extra_tags="safe noicon")
