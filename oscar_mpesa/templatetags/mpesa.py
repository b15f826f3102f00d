"""Filters for amounts, times and the button that places the order, and tags that link to orders.

Amounts and times look the same in every language. Their filters return "" for None.
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.translation import pgettext

from oscar_mpesa.access import order_pages
from oscar_mpesa.domain import money
from oscar_mpesa.oscar_adapter import order_messages
from oscar_mpesa.payment_page import formats, place_order_button

register = template.Library()

_UNBROKEN = re.compile(r"(M-PESA|KSh [\d,.]*\d|\d{4} [\d•]{3} ?[\d•]*\d{3})")


@register.filter
def ksh(amount: Decimal | int | None) -> str:
    """Format ``1500`` as ``KSh 1,500``."""
    return "" if amount is None else money.ksh(amount)


@register.filter
def number(count: int | None) -> str:
    """Format ``1500`` as ``1,500``."""
    return "" if count is None else f"{count:,}"


@register.filter
def clock(moment: datetime | None) -> str:
    """Format a time as ``15:34``."""
    return "" if moment is None else formats.clock(moment)


@register.filter
def exact_clock(moment: datetime | None) -> str:
    """Format a time as ``15:34:07``."""
    return "" if moment is None else formats.exact_clock(moment)


@register.filter
def from_clock(moment: datetime | None) -> str:
    """Format a time as ``15:34``, rounded up to the full minute."""
    return "" if moment is None else formats.from_clock(moment)


@register.filter
def day_and_time(moment: datetime | None) -> str:
    """Format a time as ``23 Nov 2026, 15:34``."""
    return "" if moment is None else order_messages.day_and_time(moment)


@register.filter
def weekday_and_time(moment: datetime | None, now: datetime) -> str:
    """Format a time to come as ``15:34`` if it is today, else as ``Tue 15:34``."""
    return "" if moment is None else formats.weekday_and_time(moment, now)


@register.filter
def when(moment: datetime | None, now: datetime) -> str:
    """Format a time as ``15:34``, with the day if it is not today."""
    return "" if moment is None else order_messages.when(moment, now)


@register.filter
def unbroken(text: str) -> str:
    """Keep each M-PESA, amount and phone number of a text on one line."""
    parts = _UNBROKEN.split(text)  # every second one matches
    return format_html_join(
        "",
        "{}{}",
        (
            (before, format_html('<span class="text-nowrap">{}</span>', match) if match else "")
            for before, match in zip(parts[::2], [*parts[1::2], ""], strict=True)
        ),
    )


@register.filter
def has_place_order_button(form: str) -> bool:
    """Return whether the shop's form has Oscar's button to place the order."""
    return place_order_button.has_button(form)


@register.filter(is_safe=True)
def with_pay_button(form: str, amount: int) -> str:
    """Return the shop's form with the button "Pay KSh 1,500". The words are escaped, so the form stays safe."""
    words = pgettext("button", "Pay %(amount)s") % {"amount": money.ksh(amount)}
    sending = pgettext("button", "Sending the prompt…")
    return place_order_button.with_words(form, words, while_loading=sending)


@register.simple_tag(takes_context=True)
def order_url(context: Any, number: str) -> str:
    """Return the URL of Oscar's page of an order; "" if the user may not open it, or there is none."""
    return order_pages.order_url(context.request.user, number)


@register.simple_tag(takes_context=True)
def order_link(context: Any, number: str) -> str:
    """Return the order's number, as a link to its page if the user may open it."""
    return order_pages.order_link(context.request.user, number)
