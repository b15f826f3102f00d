"""URLs of the shop, with the lines from docs/api.md."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path
from oscarapi.signals import oscarapi_post_checkout

from oscar_mpesa.api.views import initiate
from tests.stores.headless import owners

oscar: Any = apps.get_app_config("oscar")

oscarapi_post_checkout.connect(owners.hand_out_token)

urlpatterns = [
    path("api/payments/", include("oscar_mpesa.urls")),
    path("api/payments/order/<int:order_id>/", initiate, name="api-payment"),
    path("api/", include("oscarapi.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    *i18n_patterns(path("", include(oscar.urls[0]))),
]
