"""Amounts, times and phones as M-Pesa pages write them, in every language alike."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django import template

from oscar_mpesa.domain.money import ksh as written
from oscar_mpesa.oscar_adapter import order_messages
from oscar_mpesa.payment_page import formats as access_clock
from oscar_mpesa.payment_page.page import PaymentPage

register = template.Library()


@register.filter
def ksh(amount: Decimal | int | None) -> str:
    """``1500`` as ``KSh 1,500``; nothing for nothing."""
    return "" if amount is None else written(amount)


@register.filter
def clock(moment: datetime | None) -> str:
    """A moment as ``15:34``; nothing for nothing."""
    return "" if moment is None else access_clock.clock(moment)


@register.filter
def from_clock(moment: datetime | None) -> str:
    """The first full minute from which something may be done; nothing for nothing."""
    return "" if moment is None else access_clock.from_clock(moment)


@register.filter
def day_and_time(moment: datetime | None) -> str:
    """A moment as ``23 Nov 2026, 15:34``; nothing for nothing."""
    return "" if moment is None else access_clock.day_and_time(moment)


@register.filter
def when(moment: datetime | None, now: datetime) -> str:
    """A moment as ``15:34``, with the day where it is not today's; nothing for nothing."""
    return "" if moment is None else order_messages.when(moment, now)


@register.filter
def phone(page: PaymentPage, shows_number: bool) -> str:
    """The number in full for who typed it, masked for everybody else."""
    return page.phone.grouped if shows_number else page.phone.masked
