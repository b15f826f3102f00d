"""Context of the bar on top of every page."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from sandbox_site.people import LOGINS


def demo(request: HttpRequest) -> dict[str, Any]:
    """Return the demo's logins, with ``DEBUG`` only."""
    return {"demo_logins": LOGINS if settings.DEBUG else ()}
