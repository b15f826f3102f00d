"""Cut an order's number to what Safaricom accepts and shows in the prompt."""

from __future__ import annotations

import re

_REFERENCE_LENGTH = 12
_DESCRIPTION_LENGTH = 13
_NOT_ALLOWED = re.compile(r"[^A-Za-z0-9]")


def account_reference(order_number: str) -> str:
    """Return the AccountReference: at most 12 letters and digits, never empty.

    Keeps the last 12 of a longer number, because order numbers differ at their end.
    """
    return _alphanumeric(order_number)[-_REFERENCE_LENGTH:] or "ORDER"


def description(order_number: str) -> str:
    """Return the TransactionDesc: at most 13 letters, digits and spaces, never empty, such as ``Order 100042``."""
    number = _alphanumeric(order_number)
    text = f"Order {number}".rstrip()
    return text if len(text) <= _DESCRIPTION_LENGTH else number[-_DESCRIPTION_LENGTH:]


def _alphanumeric(order_number: str) -> str:
    return _NOT_ALLOWED.sub("", order_number)
