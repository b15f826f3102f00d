"""Why no request was sent, in the reader's words."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from oscar_mpesa.domain.timezone import NAIROBI
from oscar_mpesa.payment_page.formats import from_clock
from oscar_mpesa.services.exceptions import StartRefused


def refusal_message(refusal: StartRefused, *, now: datetime, shows_number: bool = False) -> str:
    """A refusal's sentence in the active language, its parts filled in; the phone in full only for who typed it."""
    parts = {}
    if refusal.phone is not None:
        parts["number"] = refusal.phone.grouped if shows_number else refusal.phone.masked
    if refusal.until is not None:
        parts["time"] = _time(refusal.until, now)
    return _(refusal.sentence).format(**parts)


def _time(until: datetime, now: datetime) -> str:
    """No refusal lasts longer than a day, so a time that is not today's is tomorrow's."""
    time = from_clock(until)
    is_today = until.astimezone(NAIROBI).date() == now.astimezone(NAIROBI).date()
    return time if is_today else _("{time} tomorrow").format(time=time)
