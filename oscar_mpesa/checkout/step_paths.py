"""The paths of the payment step. A shop's ``get_urls`` may leave out a page that it does not need."""

from __future__ import annotations

from contextlib import suppress

from django.urls import NoReverseMatch, reverse


def paths_of(*names: str) -> set[str]:
    """Return the paths of those pages of the checkout that the shop has."""
    paths = set()
    for name in names:
        with suppress(NoReverseMatch):
            paths.add(reverse(f"checkout:{name}"))
    return paths
