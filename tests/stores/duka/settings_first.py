"""The shop with M-PESA as the first app."""

from tests.stores.duka.settings import *

INSTALLED_APPS = ["oscar_mpesa", *(app for app in INSTALLED_APPS if app != "oscar_mpesa")]
