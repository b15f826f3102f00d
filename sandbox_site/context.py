"""What the bar on top of every page needs to know."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from sandbox_site.people import LOGINS


def demo(request: HttpRequest) -> dict[str, Any]:
    """The demo's logins, on a developer's machine only."""
    return {"demo_logins": LOGINS if settings.DEBUG else ()}
