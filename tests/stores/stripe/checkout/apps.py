"""App config of the checkout."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import path
from oscar.apps.checkout import apps
from oscar.core.loading import get_class


class CheckoutConfig(apps.CheckoutConfig):
    """Add the gateway's URLs to Oscar's. Older shops also make its first view Oscar's payment-details view."""

    name = "tests.stores.stripe.checkout"

    def ready(self) -> None:
        super().ready()
        self.to_gateway_view = get_class("checkout.views", "ToGatewayView")
        self.capture_view = get_class("checkout.views", "CaptureView")
        self.cancel_view = get_class("checkout.views", "CancelView")
        if getattr(settings, "STRIPE_TAKES_PAYMENT_DETAILS", False):
            self.payment_details_view = self.to_gateway_view

    def get_urls(self) -> list[Any]:
        urls: list[Any] = super().get_urls()
        return [
            *urls,
            path("payment-details-stripe/", self.to_gateway_view.as_view(), name="stripe-payment-details"),
            path("preview-stripe/<int:basket_id>/", self.capture_view.as_view(preview=True), name="stripe-preview"),
            path("payment-cancel/<int:basket_id>/", self.cancel_view.as_view(), name="stripe-cancel"),
        ]
