"""The demo's public passwords work with ``DEBUG`` only, also in a database that was made with it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from sandbox_site.people import PUBLIC_PASSWORDS


class RefusePublicPasswords:
    """An authentication backend that knows no user. It stands before the others and stops them."""

    def authenticate(self, request: HttpRequest | None, password: str | None = None, **credentials: Any) -> None:
        """Raise ``PermissionDenied`` for a public password with ``DEBUG`` off, so that no other backend is asked."""
        if not settings.DEBUG and password in PUBLIC_PASSWORDS:
            raise PermissionDenied


class PublicPasswordValidator(CommonPasswordValidator):
    """Refuse Django's list of common passwords, and the demo's."""

    def __init__(self) -> None:
        super().__init__()
        self.passwords = {*self.passwords, *PUBLIC_PASSWORDS}
