"""Settings of the shop with the README's lines, and with its other payment methods."""

from tests.stores.plain_settings import *
from tests.stores.plain_settings import apps_with_fork, templates_of
from tests.stores.readme import add_to_settings

INSTALLED_APPS = apps_with_fork("tests.stores.paypal.checkout")
TEMPLATES = templates_of(__file__)
ROOT_URLCONF = "tests.stores.paypal.urls"

METHODS = '[("paypal", "PayPal", "paypal-direct-payment"), ("card", "Card", None)]'
add_to_settings(globals(), also=(f'OSCAR_MPESA["OTHER_METHODS"] = {METHODS}',))
