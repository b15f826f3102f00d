"""Read a page as people do, with its quotes and apostrophes."""

from __future__ import annotations

from html import unescape
from typing import Any


def html_of(response: Any) -> str:
    """Return the HTML of a response with its character references replaced."""
    return unescape(response.content.decode())
