"""Mark translatable text without importing Django."""

from __future__ import annotations


def _(message: str) -> str:
    """Return the message unchanged. xgettext collects marked texts, and the interfaces translate them."""
    return message
