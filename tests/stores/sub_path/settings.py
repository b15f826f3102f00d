"""Settings of the shop with the README's lines."""

from tests.stores.plain_settings import *
from tests.stores.plain_settings import apps_with_fork, templates_of
from tests.stores.readme import add_to_settings

FORCE_SCRIPT_NAME = "/duka"
STATIC_URL, MEDIA_URL = "static/", "media/"
del globals()["SITE_ID"]
OSCAR_DASHBOARD_DEFAULT_ACCESS_FUNCTION = "tests.stores.sub_path.access.may_open"
OSCAR_DYNAMIC_CLASS_LOADER = "tests.stores.sub_path.loading.class_loader"
INSTALLED_APPS = apps_with_fork("tests.stores.duka.checkout")
TEMPLATES = templates_of(__file__)
TEMPLATES[0]["DIRS"] += [folder.replace("sub_path", "duka") for folder in TEMPLATES[0]["DIRS"]]

add_to_settings(globals())
