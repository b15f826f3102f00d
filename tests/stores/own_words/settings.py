"""The shop without a pipeline, with the README's lines."""

from tests.stores import duka
from tests.stores.plain_settings import *
from tests.stores.plain_settings import apps_with_fork, templates_of
from tests.stores.readme import add_to_settings

INSTALLED_APPS = apps_with_fork("tests.stores.duka.checkout")
TEMPLATES = templates_of(duka.__file__)
OSCAR_INITIAL_ORDER_STATUS = OSCAR_INITIAL_LINE_STATUS = "Mpya"
OSCAR_ORDER_STATUS_PIPELINE = {}

add_to_settings(globals())
