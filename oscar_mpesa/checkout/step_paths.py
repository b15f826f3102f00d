"""The paths of the payment step. A shop's ``get_urls`` may leave out a page that it does not need."""

from __future__ import annotations

from contextlib import suppress

from django.urls import NoReverseMatch, reverse

#: URL names of Oscar's payment step, and of our page for the phone.
PAYMENT_METHOD, PAYMENT_DETAILS, PREVIEW, PHONE = "payment-method", "payment-details", "preview", "mpesa-phone"


def name_of_phone_step() -> str:
    """Return the URL name of the page for the phone: Oscar's payment details, or our own page without these."""
    return f"checkout:{PAYMENT_DETAILS if paths_of(PAYMENT_DETAILS) else PHONE}"


def name_of_chooser() -> str:
    """Return the URL name of the page where the shopper chooses a method: the first one that the shop has."""
    return f"checkout:{next(name for name in (PAYMENT_METHOD, PAYMENT_DETAILS, PREVIEW) if paths_of(name))}"


def paths_of(*names: str) -> set[str]:
    """Return the paths of those pages of the checkout that the shop has."""
    paths = set()
    for name in names:
        with suppress(NoReverseMatch):
            paths.add(reverse(f"checkout:{name}"))
    return paths
