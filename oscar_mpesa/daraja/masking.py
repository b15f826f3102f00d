"""What of Safaricom's and our own words may be kept in a row or a log."""

from __future__ import annotations

import re

#: Characters of a kept text.
LIMIT = 200

#: Longer than any word of Daraja's, no longer than its tokens, passwords, callback secrets and checkout ids.
_LONG_RUN = re.compile(r"[A-Za-z0-9+/=_-]{24,}")
_PHONE = re.compile(r"(?<!\d)(?:\+?254|0)?[71]\d{5}(\d{3})(?!\d)")
_NOT_PRINTED = re.compile(r"[\x00-\x20\x7f-\x9f\ud800-\udfff]+")

#: ``ws_CO_`` and the moment; the payer's last nine digits stand at the end.
_SHOWN_OF_CHECKOUT_ID = 20


def masked(text: str) -> str:
    """Return the text on one line, at most 200 characters, without phone numbers, tokens or other long secrets."""
    line = _NOT_PRINTED.sub(" ", text).strip()
    return _PHONE.sub(r"•••\1", _LONG_RUN.sub("…", line))[:LIMIT]


def masked_checkout_id(checkout_request_id: str) -> str:
    """Return the id without its end, which spells the payer's phone number."""
    return f"{masked(checkout_request_id[:_SHOWN_OF_CHECKOUT_ID])}…" if checkout_request_id else ""
