"""Basket, checkout and "my orders" say that an order waits for its money, above whatever else the shop shows there."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from oscar_mpesa.access.unpaid_order import unpaid_order_of
from oscar_mpesa.oscar_adapter import order_messages


class MpesaReminderMixin:
    """Over a view of the shop: one message with a link to the waiting page, while there is an order to finish."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The shop's own page, with the reminder in its messages."""
        add_reminder(request, number=kwargs.get("order_number", ""))
        response: HttpResponse = super().get(request, *args, **kwargs)  # type: ignore[misc]
        return response


def add_reminder(request: HttpRequest, *, number: str = "") -> None:
    """Leave the message for the page that is shown next, on an order's own page about that order if it waits.

    Oscar shows a message's HTML if it is tagged so.
    """
    mpesa_order = unpaid_order_of(request, number=number)
    if mpesa_order is None:
        return
    link = format_html(
        '<a class="alert-link" href="{}">{}</a>',
        reverse("checkout:mpesa-payment", args=[mpesa_order.public_id]),
        _("Finish paying"),
    )
    text = format_html("{} {}", order_messages.unpaid_order_message(mpesa_order), link)
    messages.info(request, text, extra_tags="safe noicon")
