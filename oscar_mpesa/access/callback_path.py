"""Where Safaricom posts to in this shop."""

from __future__ import annotations

from django.urls import NoReverseMatch, reverse

#: Where the README mounts it.
DEFAULT_PATH = "/api/payments/hooks"


def callback_path() -> str:
    """The path that the callback address ends in, as the URLconf mounts it; where it is not mounted, the usual one."""
    try:
        return reverse("oscar_mpesa:hook", args=["0"]).removesuffix("/0")
    except NoReverseMatch:
        return DEFAULT_PATH
