"""The shop whose payment-details page is the gateway's view itself, as older versions of the package did."""

from tests.stores import stripe
from tests.stores.plain_settings import *
from tests.stores.plain_settings import apps_with_fork, templates_of
from tests.stores.readme import add_to_settings

INSTALLED_APPS = apps_with_fork("tests.stores.stripe.checkout")
TEMPLATES = templates_of(stripe.__file__)
ROOT_URLCONF = "tests.stores.stripe.urls"
STRIPE_TAKES_PAYMENT_DETAILS = True

add_to_settings(globals(), also=('OSCAR_MPESA["OTHER_METHODS"] = [("card", "Card", None)]',))
