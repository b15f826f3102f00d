"""The same with M-Pesa as the first of all apps."""

from tests.stores.duka.settings import *

INSTALLED_APPS = ["oscar_mpesa", *(app for app in INSTALLED_APPS if app != "oscar_mpesa")]
