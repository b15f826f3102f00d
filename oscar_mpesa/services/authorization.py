"""Check the permission of the person who decides, and keep their name."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied


def require_permission(by: Any, name: str) -> None:
    """Raise ``PermissionDenied`` unless this user has ``oscar_mpesa.<name>``."""
    if not by.has_perm(f"oscar_mpesa.{name}"):
        raise PermissionDenied(f"oscar_mpesa.{name}")


def name_of(by: Any) -> str:
    """Return the name to store, which stays when the user is deleted."""
    name: str = by.get_full_name() or by.get_username()
    return name[:150]
