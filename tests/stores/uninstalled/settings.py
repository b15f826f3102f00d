"""Settings of the shop with the app, which no longer offers M-PESA if the environment says so."""

import os

from tests.stores.plain_settings import *
from tests.stores.readme import add_to_settings

DATABASES["default"]["NAME"] = os.environ["UNINSTALL_DATABASE"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

_available_to = os.environ.get("UNINSTALL_AVAILABLE_TO", "everyone")
add_to_settings(globals(), also=(f'OSCAR_MPESA["AVAILABLE_TO"] = {_available_to!r}',))
