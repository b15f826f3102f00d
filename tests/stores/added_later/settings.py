"""Settings of the shop with the README's lines."""

import os

from tests.stores.plain_settings import *
from tests.stores.readme import add_to_settings

DATABASES["default"]["NAME"] = os.environ["STORE_DATABASE"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

add_to_settings(globals())
