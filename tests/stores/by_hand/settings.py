"""The shop with the mixins in its own views."""

from tests.stores.by_hand.settings_without_mixins import *

MANUAL = {"tests.stores.duka.checkout.apps.CheckoutConfig": "tests.stores.by_hand.checkout.apps.CheckoutConfig"}
INSTALLED_APPS = [MANUAL.get(app, app) for app in INSTALLED_APPS]
