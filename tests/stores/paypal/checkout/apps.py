"""App config of the checkout."""

from __future__ import annotations

from oscar.apps.checkout import apps


class CheckoutConfig(apps.CheckoutConfig):
    """Replace Oscar's own config."""

    name = "tests.stores.paypal.checkout"
