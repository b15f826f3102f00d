"""App config of shipping."""

from __future__ import annotations

from oscar.apps.shipping import apps


class ShippingConfig(apps.ShippingConfig):
    """Replace Oscar's own config."""

    name = "sandbox_site.shipping"
