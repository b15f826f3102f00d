"""Links from one page of the desk to another, where there is such a page and this person may open it."""

from __future__ import annotations

from typing import Any

from django.urls import NoReverseMatch, reverse
from oscar.views.decorators import check_permissions

from oscar_mpesa.dashboard.permissions import NOBODY_ELSE, PERMISSIONS


def link(user: Any, url_name: str, *args: int) -> str:
    """The address of ``dashboard:mpesa-…``; empty where it leads nowhere for this user."""
    if not check_permissions(user, PERMISSIONS.get(url_name.partition(":")[2], NOBODY_ELSE)):
        return ""
    try:
        return reverse(url_name, args=args)
    except NoReverseMatch:
        return ""
