"""URLs of the shop in which an app chooses M-PESA for an order, with the receiver from docs/api.md."""

from __future__ import annotations

from typing import Any

from oscarapi.signals import oscarapi_post_checkout

from oscar_mpesa.services.awaited_payments import await_payment
from tests.stores.headless.urls import urlpatterns

__all__ = ["urlpatterns"]


def await_mpesa(sender: Any, order: Any, request: Any, **kwargs: Any) -> None:
    """Let the order wait for M-PESA if the app chose it."""
    if request.data.get("payment_method") == "mpesa":
        await_payment(order)


oscarapi_post_checkout.connect(await_mpesa)
