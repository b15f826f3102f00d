"""Read the state of the shop in the middle of a journey."""

from __future__ import annotations

import urllib.request
from typing import Any

from tests.journeys.plain_browser import OPENER


def stock_of(product: Any) -> tuple[int, int]:
    record = product.stockrecords.get()
    return record.num_in_stock, record.num_allocated or 0


def post_status(url: str, body: bytes, content_type: str) -> int:
    """Return the status code of a plain post."""
    request = urllib.request.Request(url, body, {"Content-Type": content_type}, method="POST")
    with OPENER.open(request, timeout=5) as answer:
        status: int = answer.status
    return status
