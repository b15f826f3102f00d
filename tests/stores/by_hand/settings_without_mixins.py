"""The shop with ``AUTO_INTEGRATE`` off and without the mixins."""

from tests.stores import duka
from tests.stores.plain_settings import *
from tests.stores.plain_settings import apps_with_fork, templates_of
from tests.stores.readme import add_to_settings

INSTALLED_APPS = apps_with_fork("tests.stores.duka.checkout")
TEMPLATES = templates_of(duka.__file__)

add_to_settings(globals(), also=('OSCAR_MPESA = {**mpesa_settings(env), "AUTO_INTEGRATE": False}',))
