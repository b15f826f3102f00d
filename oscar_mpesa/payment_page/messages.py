"""Sentences about refusals and payments, for readers with or without a page."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from oscar_mpesa.domain import result_codes
from oscar_mpesa.domain.timezone import NAIROBI
from oscar_mpesa.payment_page.formats import from_clock
from oscar_mpesa.payment_page.page import PaymentPage
from oscar_mpesa.services.exceptions import StartRefused


def refusal_message(
    refusal: StartRefused, *, now: datetime, shows_number: bool = False, names_number: bool = True
) -> str:
    """Say in the active language why no prompt was sent.

    ``shows_number`` shows the phone in full, not masked. Without ``names_number``, it says "that number".
    """
    parts = {"number": pgettext("phone", "that number")}
    if refusal.phone is not None and names_number:
        parts["number"] = refusal.phone.grouped if shows_number else refusal.phone.masked
    if refusal.until is not None:
        parts["time"] = _format_time(refusal.until, now)
    return _(refusal.sentence).format(**parts)


def _format_time(until: datetime, now: datetime) -> str:
    """Return a time of today or tomorrow, because no refusal lasts longer than a day."""
    time = from_clock(until)
    is_today = until.astimezone(NAIROBI).date() == now.astimezone(NAIROBI).date()
    return time if is_today else pgettext("label", "{time} tomorrow").format(time=time)


def page_text(page: PaymentPage) -> str:
    """Return what a payment page says as one line of text, without a phone number; never empty."""
    parts = [page.impersonal or _state_text(page), page.part_paid, *page.decisions]
    if page.another_may_come:
        parts.append(_("If another prompt comes, press Cancel."))
    return " ".join(filter(None, parts))


def _state_text(page: PaymentPage) -> str:
    """Return the text of states whose page has no ``sentence``."""
    code = "0" if page.state.is_paid_once else "4999"
    outcome = result_codes.RESULTS[code]
    return _(outcome.sentence)
