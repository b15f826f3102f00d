"""App config of the checkout."""

from __future__ import annotations

from typing import Any

from django.urls import path
from oscar.apps.checkout import apps


class CheckoutConfig(apps.CheckoutConfig):
    """Add the URL of the view that sends the shopper to the bank."""

    name = "tests.stores.redsys.checkout"

    def ready(self) -> None:
        super().ready()
        from tests.stores.redsys import receivers  # noqa: F401 # connects them
        from tests.stores.redsys.checkout.views import PayByCardView

        self.pay_by_card_view = PayByCardView

    def get_urls(self) -> list[Any]:
        ours = [path("pay-by-card/", self.pay_by_card_view.as_view(), name="pay-by-card")]
        return [*super().get_urls(), *self.post_process_urls(ours)]
