"""Settings of a small shop before it takes M-PESA. Each store begins with them and states its differences."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from oscar import INSTALLED_APPS as OSCAR_APPS
from oscar.defaults import *

DEBUG = False
SECRET_KEY = "only for tests"
ALLOWED_HOSTS = ["*"]
SITE_ID = 1
USE_TZ = True
TIME_ZONE = "Africa/Nairobi"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [*OSCAR_APPS, "sorl.thumbnail"]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware",
    "oscar.apps.basket.middleware.BasketMiddleware",
]
ROOT_URLCONF = "tests.stores.urls"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "oscar.apps.search.context_processors.search_form",
                "oscar.apps.checkout.context_processors.checkout",
                "oscar.apps.communication.notifications.context_processors.notifications",
                "oscar.core.context_processors.metadata",
            ]
        },
    }
]
STATIC_URL = "/static/"
MEDIA_URL = "/media/"
_own_place = tempfile.TemporaryDirectory(prefix="oscar-mpesa-store-")
MEDIA_ROOT = _own_place.name
DATABASES: dict[str, dict[str, Any]] = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:", "ATOMIC_REQUESTS": True}
}
HAYSTACK_CONNECTIONS: dict[str, dict[str, Any]] = {
    "default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AUTHENTICATION_BACKENDS = ["oscar.apps.customer.auth_backends.EmailBackend"]
LANGUAGES = [("en", "English"), ("sw", "Kiswahili")]
LANGUAGE_CODE = "en"

#: What the store adds for M-PESA. See ``readme.add_to_settings``.
STORE_LINES: list[str] = []

OSCAR_SHOP_NAME = "Duka Halisi"
OSCAR_DEFAULT_CURRENCY = "KES"
OSCAR_ALLOW_ANON_CHECKOUT = True
OSCAR_INITIAL_ORDER_STATUS = OSCAR_INITIAL_LINE_STATUS = "New"
OSCAR_ORDER_STATUS_PIPELINE: dict[str, tuple[str, ...]] = {
    "New": ("Packed", "Cancelled"),
    "Packed": ("Sent",),
    "Sent": (),
    "Cancelled": (),
}


def apps_with_fork(checkout: str) -> list[str]:
    """Return the apps with a checkout of the shop's own in place of Oscar's."""
    forked = {"oscar.apps.checkout.apps.CheckoutConfig": f"{checkout}.apps.CheckoutConfig"}
    return [forked.get(app, app) for app in INSTALLED_APPS]


def templates_of(settings_file: str) -> list[dict[str, Any]]:
    """Return the settings of templates with the folder beside a store's settings."""
    return [{**TEMPLATES[0], "DIRS": [str(Path(settings_file).resolve().parent / "templates")]}]
