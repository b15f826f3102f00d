"""The sandbox shop's settings, made fast and shut off from the world, for the tests."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import django
import environ

from sandbox_site.settings import *

_env = environ.Env()
_own_place = Path(tempfile.mkdtemp(prefix="oscar-mpesa-tests-"))
atexit.register(shutil.rmtree, _own_place, ignore_errors=True)

DEBUG = False
SECRET_KEY = "only for tests"
ALLOWED_HOSTS = ["*"]
SITE_ID = 1

#: SQLite, or what TEST_DATABASE_URL names (an empty value counts as none).
_file = str(_own_place / "duka.sqlite3")
DATABASES = {"default": _env.db_url_config(os.environ.get("TEST_DATABASE_URL") or f"sqlite:///{_file}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # In a file, as a shop has it: in memory the threads of a live server share one connection, and so each other's
    # transactions. What a machine that fails would lose, nobody needs.
    DATABASES["default"]["TEST"] = {"NAME": _file}
    DATABASES["default"]["OPTIONS"] = {"timeout": 20}
    if django.VERSION >= (5, 1):
        DATABASES["default"]["OPTIONS"] |= {
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF",
        }
DATABASES["default"]["ATOMIC_REQUESTS"] = True
DATABASES["default"]["CONN_MAX_AGE"] = 0

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
MEDIA_ROOT = str(_own_place / "media")
STATIC_ROOT = str(_own_place / "static")
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = True

#: Test mode, whatever MPESA_* variables the developer has set. A test that wants otherwise says so.
OSCAR_MPESA = {"TEST_MODE": True, "OTHER_METHODS": OSCAR_MPESA["OTHER_METHODS"]}
