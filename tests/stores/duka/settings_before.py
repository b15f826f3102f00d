"""Settings of the shop before it takes M-PESA."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from oscar import INSTALLED_APPS as OSCAR_APPS
from oscar.defaults import *

PLACE = Path(__file__).resolve().parent

DEBUG = False
SECRET_KEY = "only for tests"
ALLOWED_HOSTS = ["*"]
SITE_ID = 1
USE_TZ = True
TIME_ZONE = "Africa/Nairobi"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

FORKED = {"oscar.apps.checkout.apps.CheckoutConfig": "tests.stores.duka.checkout.apps.CheckoutConfig"}
INSTALLED_APPS = [*(FORKED.get(app, app) for app in OSCAR_APPS), "sorl.thumbnail"]
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
ROOT_URLCONF = "tests.stores.duka.urls"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [str(PLACE / "templates")],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "oscar.apps.checkout.context_processors.checkout",
                "oscar.core.context_processors.metadata",
            ]
        },
    }
]
STATIC_URL = "/static/"
_own_place = tempfile.TemporaryDirectory(prefix="oscar-mpesa-duka-")
MEDIA_ROOT = _own_place.name
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:", "ATOMIC_REQUESTS": True}}
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AUTHENTICATION_BACKENDS = ["oscar.apps.customer.auth_backends.EmailBackend"]
LANGUAGES = [("en", "English"), ("sw", "Kiswahili")]
LANGUAGE_CODE = "en"

OSCAR_SHOP_NAME = "Duka Halisi"
OSCAR_DEFAULT_CURRENCY = "KES"
OSCAR_ALLOW_ANON_CHECKOUT = True
OSCAR_INITIAL_ORDER_STATUS = OSCAR_INITIAL_LINE_STATUS = "New"
OSCAR_ORDER_STATUS_PIPELINE = {"New": ("Packed", "Cancelled"), "Packed": ("Sent",), "Sent": (), "Cancelled": ()}
