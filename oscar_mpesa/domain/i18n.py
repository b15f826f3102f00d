"""The mark on sentences that people read, so that floor 0 stays free of Django."""

from __future__ import annotations


def _(message: str) -> str:
    """Return the message: xgettext collects what is marked, and the doors translate it."""
    return message
