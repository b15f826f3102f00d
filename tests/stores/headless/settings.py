"""Oscar's defaults, django-oscar-api with token authentication, and M-PESA in test mode."""

from __future__ import annotations

from tests.stores.plain_settings import *

INSTALLED_APPS = [*INSTALLED_APPS, "rest_framework", "rest_framework.authtoken", "oscarapi", "oscar_mpesa"]
ROOT_URLCONF = "tests.stores.headless.urls"
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ]
}

OSCAR_MPESA = {
    "TEST_MODE": True,
    "ORDER_OWNERSHIP_CHECK": "tests.stores.headless.owners.has_the_users_token",
    "WAKE": "oscar_mpesa.testing.deliver_due",
}
OSCARAPI_INITIAL_ORDER_STATUS = "Pending payment"
