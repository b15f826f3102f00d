"""Settings of the shop with the README's lines, and with cards as another method."""

from tests.stores import duka
from tests.stores.plain_settings import *
from tests.stores.plain_settings import apps_with_fork, templates_of
from tests.stores.readme import add_to_settings

INSTALLED_APPS = apps_with_fork("tests.stores.us_taxes.checkout")
TEMPLATES = templates_of(duka.__file__)
OSCAR_DYNAMIC_CLASS_LOADER = "tests.stores.us_taxes.loading.class_loader"

add_to_settings(globals(), also=('OSCAR_MPESA["OTHER_METHODS"] = [("card", "Card", None)]',))
