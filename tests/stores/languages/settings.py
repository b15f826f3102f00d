"""Settings of a shop in four languages, with the README's lines and cash beside M-PESA."""

from tests.stores.plain_settings import *
from tests.stores.readme import add_to_settings

ROOT_URLCONF = "tests.stores.languages.urls"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("fr", "Français"), ("sw", "Kiswahili"), ("de", "Deutsch")]

add_to_settings(globals(), also=('OSCAR_MPESA["OTHER_METHODS"] = [("cash", "Cash on delivery", "checkout:preview")]',))
