"""The shop's URLs, and those of the gateway's own pages."""

from __future__ import annotations

from django.urls import include, path

from tests.stores import urls

urlpatterns = [path("gateway/", include("tests.stores.stripe.gateway")), *urls.urlpatterns]
