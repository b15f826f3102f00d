"""Decide to whom the shop offers M-PESA."""

from __future__ import annotations

from typing import Any

from oscar_mpesa.conf import get_settings


def is_available_to(user: Any) -> bool:
    """Return whether ``AVAILABLE_TO`` includes this user and the settings are valid."""
    available_to = get_settings().available_to
    return available_to == "everyone" or (available_to == "staff" and bool(user.is_staff))
