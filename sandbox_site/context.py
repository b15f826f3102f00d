"""Context of the bar on top of every page."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from sandbox_site.mailbox import is_readable
from sandbox_site.people import LOGINS
from sandbox_site.periodic_work import work_state


def demo(request: HttpRequest) -> dict[str, Any]:
    """Return the demo's logins and whether its emails can be read, with ``DEBUG`` only, and the periodic work."""
    return {
        "demo_logins": LOGINS if settings.DEBUG else (),
        "demo_has_emails": is_readable(),
        "demo_work": lambda: work_state(now=timezone.now()),
    }
