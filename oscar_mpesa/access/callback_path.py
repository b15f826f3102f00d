"""Find the path to which Safaricom posts callbacks."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.urls import NoReverseMatch, Resolver404, ResolverMatch, get_script_prefix, resolve, reverse

#: The path that the README recommends.
DEFAULT_PATH = "/api/payments/hooks"


def callback_path() -> str:
    """Return the path of callbacks in this URLconf, or ``DEFAULT_PATH`` if it is not mounted.

    It begins with the prefix of a shop below a path, such as ``FORCE_SCRIPT_NAME``.
    """
    try:
        return reverse("oscar_mpesa:hook", args=["0"]).removesuffix("/0")
    except NoReverseMatch:
        return get_script_prefix().rstrip("/") + DEFAULT_PATH


def view_name_at(url: str) -> str:
    """Return the name of the shop's view at a URL; "" if there is none."""
    try:
        return resolve_reversed(urlsplit(url).path).view_name
    except (Resolver404, ValueError):
        return ""


def resolve_reversed(path: str) -> ResolverMatch:
    """Resolve a path as ``reverse`` returns it, with the prefix of a shop below a path. Raises ``Resolver404``."""
    prefix = get_script_prefix()
    if not path.startswith(prefix):
        raise Resolver404({"path": path})
    return resolve("/" + path.removeprefix(prefix))
