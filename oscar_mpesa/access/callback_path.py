"""Find the path to which Safaricom posts callbacks."""

from __future__ import annotations

from django.urls import NoReverseMatch, reverse

#: The path that the README recommends.
DEFAULT_PATH = "/api/payments/hooks"


def callback_path() -> str:
    """Return the path of callbacks in this URLconf, or ``DEFAULT_PATH`` if it is not mounted."""
    try:
        return reverse("oscar_mpesa:hook", args=["0"]).removesuffix("/0")
    except NoReverseMatch:
        return DEFAULT_PATH
