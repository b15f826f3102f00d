"""Check the role or the permission of the person who decides, and keep their name."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied

from oscar_mpesa.services.actors import Actor, Role


def require_permission(by: Any, name: str) -> None:
    """Raise ``PermissionDenied`` unless this user has ``oscar_mpesa.<name>``."""
    if not by.has_perm(f"oscar_mpesa.{name}"):
        raise PermissionDenied(f"oscar_mpesa.{name}")


def require_owner(actor: Actor) -> None:
    """Raise ``PermissionDenied`` unless the actor owns the order."""
    if actor.role is not Role.OWNER:
        raise PermissionDenied(f"{actor.role.value} is not the order's owner")


def name_of(by: Any) -> str:
    """Return the name to store, which stays when the user is deleted."""
    name: str = by.get_full_name() or by.get_username()
    return name[:150]
