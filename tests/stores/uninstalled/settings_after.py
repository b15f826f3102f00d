"""Settings of the shop without the app, with the lines that ``mpesa_uninstall`` printed."""

import os

from tests.stores.plain_settings import *

ROOT_URLCONF = "tests.stores.uninstalled.urls"
DATABASES["default"]["NAME"] = os.environ["UNINSTALL_DATABASE"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

exec(os.environ.get("UNINSTALL_LINES", ""))  # noqa: S102 # what the owner pastes
