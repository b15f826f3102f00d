"""Settings of the shop with the README's lines, in an environment that allows test mode."""

import environ

from oscar_mpesa.conf import mpesa_settings
from tests.stores.duka.settings_before import *

env = environ.Env()
env.ENVIRON = {"MPESA_TEST_MODE": "true"}

INSTALLED_APPS += ["oscar_mpesa"]
OSCAR_MPESA = {**mpesa_settings(env), "WAKE": "oscar_mpesa.testing.deliver_due"}
