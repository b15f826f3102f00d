"""The shop with the mixins added manually."""

from tests.stores.duka.settings_without_mixins import *

MANUAL = {"tests.stores.duka.checkout.apps.CheckoutConfig": "tests.stores.duka.manual.apps.CheckoutConfig"}
INSTALLED_APPS = [MANUAL.get(app, app) for app in INSTALLED_APPS]
