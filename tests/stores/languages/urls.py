"""All URLs of the shop below the prefix of a language, except the README's line."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import include, path

from tests.stores.readme import our_patterns

oscar: Any = apps.get_app_config("oscar")

urlpatterns = [
    *our_patterns(),
    *i18n_patterns(
        path("i18n/", include("django.conf.urls.i18n")),
        path("admin/", admin.site.urls),
        path("", include(oscar.urls[0])),
        prefix_default_language=True,
    ),
]
