"""What of Safaricom's and our own words may be kept in a row or a log."""

from __future__ import annotations

import json
import re
from decimal import Decimal

from oscar_mpesa.daraja.documents import read_object

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


def masked_body(body: bytes) -> str:
    """Return a message as people may read it, its JSON indented, each text and number masked; a line if it is none."""
    try:
        return json.dumps(_masked_part(read_object(body)), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return masked(body.decode("utf-8", "replace"))


def _masked_part(part: object) -> object:
    if isinstance(part, dict):
        return {masked(name): _masked_part(each) for name, each in part.items()}
    if isinstance(part, list):
        return [_masked_part(each) for each in part]
    if part is None or isinstance(part, bool):
        return part
    text = masked(str(part))
    return part if text == str(part) and not isinstance(part, Decimal) else text
