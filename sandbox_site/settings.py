"""Settings of the demo shop. Values that differ between machines come from the environment or ``.env``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import django
import environ
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from oscar import INSTALLED_APPS as OSCAR_APPS
from oscar.defaults import *  # noqa: F403

from oscar_mpesa.conf import mpesa_settings
from sandbox_site.shillings import Shillings

ROOT = Path(__file__).resolve().parent.parent
#: Directory of everything that the running shop writes: database, uploads, search index. Git ignores it.
VAR = ROOT / "var"
VAR.mkdir(exist_ok=True)

env = environ.Env()
if (ROOT / ".env").is_file():
    env.read_env(ROOT / ".env")

# With DEBUG off, SECRET_KEY and ALLOWED_HOSTS have no default, and Django names the variable that is missing.
DEBUG = env.bool("DEBUG", default=True)
SECRET_KEY = (
    env.str("SECRET_KEY", default="django-insecure-this-key-of-the-demo-shop-is-public-and-protects-nothing")
    if DEBUG
    else env.str("SECRET_KEY")
)
ALLOWED_HOSTS = (
    env.list("ALLOWED_HOSTS", default=["localhost", ".localhost", "127.0.0.1", "[::1]"])
    if DEBUG
    else env.list("ALLOWED_HOSTS")
)

# HTTPS: with DEBUG off, the shop redirects HTTP to HTTPS, and browsers send its cookies over HTTPS only.

HTTPS_ONLY = env.bool("HTTPS_ONLY", default=not DEBUG)
SECURE_SSL_REDIRECT = HTTPS_ONLY
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS_ONLY
OSCAR_BASKET_COOKIE_SECURE = OSCAR_RECENTLY_VIEWED_COOKIE_SECURE = HTTPS_ONLY
# Browsers remember HSTS for its seconds, so each part is a decision of its own.
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD = env.bool("SECURE_HSTS_PRELOAD", default=False)
# Anybody can send this header, unless a proxy in front of the shop sets or removes it.
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("TRUST_X_FORWARDED_PROTO", default=False) else None
)
SECURE_REFERRER_POLICY = "same-origin"
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

# Apps: Oscar's own, two of them forked, and M-PESA.

FORKED_APPS = {
    "oscar.apps.checkout.apps.CheckoutConfig": "sandbox_site.checkout.apps.CheckoutConfig",
    "oscar.apps.shipping.apps.ShippingConfig": "sandbox_site.shipping.apps.ShippingConfig",
}
INSTALLED_APPS = [
    "sandbox_site",
    "whitenoise.runserver_nostatic",
    *(FORKED_APPS.get(app, app) for app in OSCAR_APPS),
    "sorl.thumbnail",
    "oscar_mpesa",
]
# The fork of shipping does not change Oscar's models, so it uses Oscar's migrations.
MIGRATION_MODULES = {"shipping": "oscar.apps.shipping.migrations"}
SITE_ID = 1
SITE_DOMAIN = env.str("SITE_DOMAIN", default=f"127.0.0.1:{env.str('PORT', default='8000')}")

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware",
    "oscar.apps.basket.middleware.BasketMiddleware",
]
ROOT_URLCONF = "sandbox_site.urls"
WSGI_APPLICATION = "sandbox_site.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.template.context_processors.i18n",
                "django.template.context_processors.media",
                "django.template.context_processors.static",
                "django.contrib.messages.context_processors.messages",
                "oscar.apps.search.context_processors.search_form",
                "oscar.apps.checkout.context_processors.checkout",
                "oscar.apps.communication.notifications.context_processors.notifications",
                "oscar.core.context_processors.metadata",
                "sandbox_site.context.demo",
            ],
        },
    },
]

# Storage.

DATABASE: dict[str, Any] = env.db_url("DATABASE_URL", default=f"sqlite:///{VAR / 'duka.sqlite3'}")
DATABASE["ATOMIC_REQUESTS"] = True
if DATABASE["ENGINE"] == "django.db.backends.sqlite3":
    DATABASE["OPTIONS"] = {"timeout": 20, **DATABASE.get("OPTIONS", {})}
    if django.VERSION >= (5, 1):
        # Writers wait for each other instead of failing, and readers do not wait.
        DATABASE["OPTIONS"] |= {
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
        }
DATABASES = {"default": DATABASE}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {"default": env.cache_url("CACHE_URL", default="locmemcache://duka-la-pwani")}

HAYSTACK_CONNECTIONS: dict[str, dict[str, Any]] = {
    "default": {"ENGINE": "haystack.backends.whoosh_backend.WhooshEngine", "PATH": str(VAR / "search")},
}

MEDIA_ROOT = str(VAR / "media")
MEDIA_URL = "/media/"
STATIC_ROOT = str(VAR / "static")
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        ),
    },
}
THUMBNAIL_KEY_PREFIX = "duka-la-pwani"

# Authentication.

AUTHENTICATION_BACKENDS = [
    "sandbox_site.passwords.RefusePublicPasswords",
    "oscar.apps.customer.auth_backends.EmailBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 9}},
    {"NAME": "sandbox_site.passwords.PublicPasswordValidator"},
]
#: Password of the new staff users with DEBUG off. Without it, each gets a random one.
SANDBOX_STAFF_PASSWORD = env.str("SANDBOX_STAFF_PASSWORD", default="")
LOGIN_REDIRECT_URL = reverse_lazy("home")

# Languages and times.

LANGUAGES = [("en", "English"), ("sw", "Kiswahili")]
LANGUAGE_CODE = "en"
LOCALE_PATHS = [str(ROOT / "sandbox_site" / "locale")]
FORMAT_MODULE_PATH = "sandbox_site.formats"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Africa/Nairobi"

# The shop.

OSCAR_SHOP_NAME = "Duka la Pwani"
OSCAR_SHOP_TAGLINE = _("Good things from Kenya")
OSCAR_HOMEPAGE = reverse_lazy("home")
OSCAR_DEFAULT_CURRENCY = "KES"
OSCAR_CURRENCY_FORMAT = {"KES": {"format": Shillings()}}
OSCAR_ALLOW_ANON_CHECKOUT = True
# Without product classes and ratings, search facets are of no use.
OSCAR_SEARCH_FACETS: dict[str, dict[str, Any]] = {"fields": {}, "queries": {}}
OSCAR_HIDDEN_FEATURES = ["reviews", "wishlists"]
# Kenyan addresses seldom have a postcode.
OSCAR_REQUIRED_ADDRESS_FIELDS = ("first_name", "last_name", "line1", "line4", "country")
OSCAR_FROM_EMAIL = DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Duka la Pwani <duka@example.com>")
PHONENUMBER_DEFAULT_REGION = "KE"

OSCAR_INITIAL_ORDER_STATUS = OSCAR_INITIAL_LINE_STATUS = "Pending"
OSCAR_ORDER_STATUS_PIPELINE: dict[str, tuple[str, ...]] = {
    "Pending": ("Being processed", "Cancelled"),
    "Being processed": ("Complete", "Cancelled"),
    "Complete": (),
    "Cancelled": (),
}
OSCAR_LINE_STATUS_PIPELINE = dict(OSCAR_ORDER_STATUS_PIPELINE)
OSCAR_ORDER_STATUS_CASCADE = {status: status for status in ("Being processed", "Complete", "Cancelled")}

OSCAR_MPESA = {
    "NAME_ON_PROMPT": "DUKA LA PWANI",
    "SUPPORT_CONTACT": "0700 000 000 (8:00-18:00)",
    **mpesa_settings(env),
    "OTHER_METHODS": [("cod", _("Cash on delivery"), "checkout:preview")],
}

# Email and logging.

#: Without a mail server, a page of the demo shows the emails in this folder. With DEBUG off, the console does.
MAILBOX = VAR / "mail"
_email: dict[str, Any] = env.email_url("EMAIL_URL", default="consolemail://")
if DEBUG and _email["EMAIL_BACKEND"].endswith("console.EmailBackend"):
    _email["EMAIL_BACKEND"] = "sandbox_site.mailbox.MailboxBackend"
if _email["EMAIL_BACKEND"].endswith("smtp.EmailBackend"):
    _email["EMAIL_TIMEOUT"] = 10
globals().update(_email)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"oscar_mpesa": {"level": "INFO"}},
}
