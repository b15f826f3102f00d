"""What is particular in the settings of Oscar's own sandbox, with the README's lines and the currency."""

from tests.stores.plain_settings import *
from tests.stores.readme import add_to_settings

INSTALLED_APPS = [*INSTALLED_APPS, "django.contrib.sitemaps"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.middleware.common.CommonMiddleware",
    "oscar.apps.basket.middleware.BasketMiddleware",
]
AUTHENTICATION_BACKENDS = [*AUTHENTICATION_BACKENDS, "django.contrib.auth.backends.ModelBackend"]
HAYSTACK_CONNECTIONS = {
    "default": {
        "ENGINE": "haystack.backends.whoosh_backend.WhooshEngine",
        "PATH": f"{MEDIA_ROOT}/whoosh_index",
        "INCLUDE_SPELLING": True,
    }
}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = True
LANGUAGE_CODE = "en-gb"
LANGUAGES = [("en-gb", "British English"), ("da", "Danish"), ("de", "German"), ("fr", "French"), ("uk", "Ukrainian")]
TIME_ZONE = "Europe/London"

OSCAR_SHOP_NAME = "Oscar Sandbox"
OSCAR_SHOP_TAGLINE = "e-commerce for Django"
OSCAR_RECENTLY_VIEWED_PRODUCTS = 20
OSCAR_DEFAULT_CURRENCY = "GBP"
OSCAR_INITIAL_ORDER_STATUS = OSCAR_INITIAL_LINE_STATUS = "Pending"
OSCAR_ORDER_STATUS_PIPELINE = {
    "Pending": ("Being processed", "Cancelled"),
    "Being processed": ("Complete", "Cancelled"),
    "Cancelled": (),
    "Complete": (),
}
OSCAR_ORDER_STATUS_CASCADE = {
    "Being processed": "Being processed",
    "Cancelled": "Cancelled",
    "Complete": "Shipped",
}
OSCAR_LINE_STATUS_PIPELINE = {
    "Pending": ("Being processed", "Cancelled"),
    "Being processed": ("Shipped", "Cancelled"),
    "Shipped": (),
    "Cancelled": (),
}

add_to_settings(globals(), also=('OSCAR_DEFAULT_CURRENCY = "KES"',))
