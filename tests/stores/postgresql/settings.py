"""Settings of the shop with the README's lines."""

import os

import environ

from tests.stores import duka
from tests.stores.plain_settings import *
from tests.stores.plain_settings import apps_with_fork, templates_of
from tests.stores.readme import add_to_settings

INSTALLED_APPS = apps_with_fork("tests.stores.duka.checkout")
TEMPLATES = templates_of(duka.__file__)
DATABASES = {"default": {**environ.Env().db_url_config(os.environ["TEST_DATABASE_URL"]), "ATOMIC_REQUESTS": True}}

add_to_settings(globals())
