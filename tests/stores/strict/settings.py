"""Settings of the shop with the README's lines."""

import tempfile

from tests.stores import duka
from tests.stores.plain_settings import *
from tests.stores.plain_settings import apps_with_fork, templates_of
from tests.stores.readme import add_to_settings

DEBUG = False
INSTALLED_APPS = apps_with_fork("tests.stores.duka.checkout")
TEMPLATES = templates_of(duka.__file__)
MIDDLEWARE = ["tests.stores.strict.policy.StrictPolicy", *MIDDLEWARE]
_static_place = tempfile.TemporaryDirectory(prefix="oscar-mpesa-static-")
STATIC_ROOT = _static_place.name
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
}

add_to_settings(globals())
