"""Links from page to page of the desk, where this person may open it."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from oscar.views.decorators import check_permissions

from oscar_mpesa.dashboard.permissions import NOBODY_ELSE, PERMISSIONS


def link(user: Any, url_name: str, *args: int) -> str:
    """The address of ``dashboard:mpesa-…``; empty where this user may not open it."""
    may_open = check_permissions(user, PERMISSIONS.get(url_name.partition(":")[2], NOBODY_ELSE))
    return reverse(url_name, args=args) if may_open else ""
