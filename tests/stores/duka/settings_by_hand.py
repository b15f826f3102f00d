"""The same, with M-Pesa put into its checkout by hand."""

from tests.stores.duka.settings_forgotten import *

BY_HAND = {"tests.stores.duka.checkout.apps.CheckoutConfig": "tests.stores.duka.by_hand.apps.CheckoutConfig"}
INSTALLED_APPS = [BY_HAND.get(app, app) for app in INSTALLED_APPS]
