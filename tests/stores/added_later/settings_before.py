"""Settings of the shop before it takes M-PESA."""

import os

from tests.stores.plain_settings import *

ROOT_URLCONF = "tests.stores.uninstalled.urls"
DATABASES["default"]["NAME"] = os.environ["STORE_DATABASE"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
