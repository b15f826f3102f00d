"""URLs of the demo shop. Only pages for people are in ``i18n_patterns``."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import include, path
from django.views.static import serve

from sandbox_site.views import HomeView, MailboxView, StoredEmailView

oscar: Any = apps.get_app_config("oscar")

urlpatterns = [
    path("api/payments/", include("oscar_mpesa.urls")),
    path("practice-phone/", include("oscar_mpesa.practice_phone.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    # The demo has no web server in front of it that serves media files.
    path("media/<path:path>", serve, {"document_root": settings.MEDIA_ROOT}),
    *i18n_patterns(
        path("", HomeView.as_view(), name="home"),
        path("demo-emails/", MailboxView.as_view(), name="demo-emails"),
        path("demo-emails/<slug:name>/", StoredEmailView.as_view(), name="demo-email"),
        path("admin/", admin.site.urls),
        path("", include(oscar.urls[0])),
    ),
]
