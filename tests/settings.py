"""The sandbox shop's settings for the tests: fast, and without network access."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import django
import environ

from sandbox_site.settings import *

_env = environ.Env()
_folder = Path(tempfile.mkdtemp(prefix="oscar-mpesa-tests-"))
atexit.register(shutil.rmtree, _folder, ignore_errors=True)

DEBUG = False
SECRET_KEY = "only for tests"
ALLOWED_HOSTS = ["*"]
SITE_ID = 1

#: SQLite, or what TEST_DATABASE_URL names (an empty value counts as none).
_file = str(_folder / "duka.sqlite3")
DATABASES = {"default": _env.db_url_config(os.environ.get("TEST_DATABASE_URL") or f"sqlite:///{_file}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # SQLite uses a file, because in memory the threads of a live server would share one connection and
    # its transactions. The tests need no data after a crash, so the file is not synced.
    DATABASES["default"]["TEST"] = {"NAME": _file}
    DATABASES["default"]["OPTIONS"] = {"timeout": 20}
    if django.VERSION >= (5, 1):
        DATABASES["default"]["OPTIONS"] |= {
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF",
        }
DATABASES["default"]["ATOMIC_REQUESTS"] = True
DATABASES["default"]["CONN_MAX_AGE"] = 0

# The tests' clients use HTTP, whatever DEBUG is in the developer's environment.
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = False
OSCAR_BASKET_COOKIE_SECURE = OSCAR_RECENTLY_VIEWED_COOKIE_SECURE = False
SANDBOX_STAFF_PASSWORD = ""
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
MEDIA_ROOT = str(_folder / "media")
STATIC_ROOT = str(_folder / "static")
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = True

#: Test mode, whatever MPESA_* variables the developer has set. A test that needs another mode sets it.
#: Messages are delivered after the commit as in a shop, but by the committing thread.
OSCAR_MPESA = {
    "TEST_MODE": True,
    "OTHER_METHODS": OSCAR_MPESA["OTHER_METHODS"],
    "WAKE": "oscar_mpesa.testing.deliver_due",
}
