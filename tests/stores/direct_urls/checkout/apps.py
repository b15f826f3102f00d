"""App config of the checkout, with all its URLs."""

from __future__ import annotations

from typing import Any

from django.urls import path
from oscar.apps.checkout import apps


class CheckoutConfig(apps.CheckoutConfig):
    """Replace Oscar's own config, and shorten its URLs."""

    name = "tests.stores.direct_urls.checkout"

    def get_urls(self) -> list[Any]:
        from tests.stores.direct_urls.checkout import views

        urls = [
            path("", views.IndexView.as_view(), name="index"),
            path("address/", views.ShippingAddressView.as_view(), name="shipping-address"),
            path("address/<int:pk>/", views.UserAddressUpdateView.as_view(), name="user-address-update"),
            path("address/<int:pk>/delete/", views.UserAddressDeleteView.as_view(), name="user-address-delete"),
            path("delivery/", views.ShippingMethodView.as_view(), name="shipping-method"),
            path("method/", views.PaymentMethodView.as_view(), name="payment-method"),
            path("pay/", views.PaymentDetailsView.as_view(), name="payment-details"),
            path("look/", views.PaymentDetailsView.as_view(preview=True), name="preview"),
            path("thank-you/", views.ThankYouView.as_view(), name="thank-you"),
        ]
        patterns: list[Any] = self.post_process_urls(urls)
        return patterns
