"""The app's configuration."""

from __future__ import annotations

from oscar.apps.checkout import apps


class CheckoutConfig(apps.CheckoutConfig):
    """Stands in the place of Oscar's own."""

    name = "sandbox_site.checkout"
