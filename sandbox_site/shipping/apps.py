"""The app's configuration."""

from __future__ import annotations

from oscar.apps.shipping import apps


class ShippingConfig(apps.ShippingConfig):
    """Stands in the place of Oscar's own."""

    name = "sandbox_site.shipping"
