"""An order's number, cut to what Safaricom shows in the prompt."""

from __future__ import annotations

import re

_REFERENCE_LENGTH = 12
_DESCRIPTION_LENGTH = 13
_NOT_ALLOWED = re.compile(r"[^A-Za-z0-9]")


def account_reference(order_number: str) -> str:
    """Return the AccountReference: at most 12 letters and digits, never empty.

    Of a longer number the last 12 are kept, because order numbers differ at their end.
    """
    return _bare(order_number)[-_REFERENCE_LENGTH:] or "ORDER"


def description(order_number: str) -> str:
    """Return the TransactionDesc: at most 13 letters, digits and spaces, never empty, such as ``Order 100042``."""
    bare = _bare(order_number)
    whole = f"Order {bare}".rstrip()
    return whole if len(whole) <= _DESCRIPTION_LENGTH else bare[-_DESCRIPTION_LENGTH:]


def _bare(order_number: str) -> str:
    return _NOT_ALLOWED.sub("", order_number)
