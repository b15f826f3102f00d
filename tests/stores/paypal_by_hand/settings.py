"""The shop with the mixins in its own views."""

from tests.stores import paypal
from tests.stores.plain_settings import *
from tests.stores.plain_settings import apps_with_fork, templates_of
from tests.stores.readme import add_to_settings

INSTALLED_APPS = apps_with_fork("tests.stores.paypal_by_hand.checkout")
TEMPLATES = templates_of(paypal.__file__)
ROOT_URLCONF = "tests.stores.paypal.urls"

METHODS = '[("paypal", "PayPal", "paypal-direct-payment"), ("card", "Card", None)]'
add_to_settings(
    globals(), also=(f'OSCAR_MPESA = {{**mpesa_settings(env), "AUTO_INTEGRATE": False, "OTHER_METHODS": {METHODS}}}',)
)
