"""The shop's URLs with those of PayPal Express before them, and PayPal's own page."""

from __future__ import annotations

from django.urls import include, path

from tests.stores import urls

urlpatterns = [
    path("checkout/paypal/", include("tests.stores.paypal.express.urls")),
    path("www.paypal.example/", include("tests.stores.paypal.express.gateway")),
    *urls.urlpatterns,
]
