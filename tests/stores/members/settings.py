"""Settings of the shop with the README's lines."""

from tests.stores import duka
from tests.stores.plain_settings import *
from tests.stores.plain_settings import apps_with_fork, templates_of
from tests.stores.readme import add_to_settings

INSTALLED_APPS = ["tests.stores.members", *apps_with_fork("tests.stores.duka.checkout")]
TEMPLATES = templates_of(duka.__file__)
AUTH_USER_MODEL = "members.Member"
OSCAR_ALLOW_ANON_CHECKOUT = False

add_to_settings(globals())
