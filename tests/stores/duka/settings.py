"""The shop as it was, with the lines that the README asks for; in an environment that allows test mode."""

import environ

from oscar_mpesa.conf import mpesa_settings
from tests.stores.duka.as_it_was import *

env = environ.Env()
env.ENVIRON = {"MPESA_TEST_MODE": "true"}

INSTALLED_APPS += ["oscar_mpesa"]
OSCAR_MPESA = mpesa_settings(env)
