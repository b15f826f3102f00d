"""The shop's URLs with those of the package, and the bank's own page."""

from __future__ import annotations

from django.urls import include, path

from tests.stores import urls

urlpatterns = [
    path("redsys/", include("tests.stores.redsys.urls")),
    path("bank/", include("tests.stores.redsys.bank")),
    *urls.urlpatterns,
]
