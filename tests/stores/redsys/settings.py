"""Settings of the shop with the README's lines."""

from tests.stores.plain_settings import *
from tests.stores.plain_settings import apps_with_fork, templates_of
from tests.stores.readme import add_to_settings

INSTALLED_APPS = apps_with_fork("tests.stores.redsys.checkout")
TEMPLATES = templates_of(__file__)
ROOT_URLCONF = "tests.stores.redsys.site_urls"

add_to_settings(globals())
