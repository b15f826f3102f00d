"""Links to the dashboard's pages for users who may open them."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from oscar.views.decorators import check_permissions

from oscar_mpesa.dashboard.permissions import PERMISSIONS, SUPERUSERS


def link(user: Any, url_name: str, *args: int) -> str:
    """Return the URL of ``dashboard:mpesa-…``; "" if the user may not open it."""
    may_open = check_permissions(user, PERMISSIONS.get(url_name.partition(":")[2], SUPERUSERS))
    return reverse(url_name, args=args) if may_open else ""
