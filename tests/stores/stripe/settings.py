"""Settings of the shop with the README's lines, and with the card as another payment method."""

from tests.stores.plain_settings import *
from tests.stores.plain_settings import apps_with_fork, templates_of
from tests.stores.readme import add_to_settings

INSTALLED_APPS = apps_with_fork("tests.stores.stripe.checkout")
TEMPLATES = templates_of(__file__)
ROOT_URLCONF = "tests.stores.stripe.urls"

OTHER = '[("card", "Card", "checkout:stripe-payment-details")]'
add_to_settings(globals(), also=(f'OSCAR_MPESA["OTHER_METHODS"] = {OTHER}',))
