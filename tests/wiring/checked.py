"""Settings of a sandbox and a production shop, and the hints of checks for settings."""

from __future__ import annotations

from types import ModuleType
from typing import Any

SANDBOX = {
    "CONSUMER_KEY": "key",
    "CONSUMER_SECRET": "secret",
    "SHORTCODE": "174379",
    "PASSKEY": "passkey",
    "CALLBACK_URL": "https://shop.example/api/payments/hooks",
    "TEST_MODE": True,
}
PRODUCTION = {
    **SANDBOX,
    "ENVIRONMENT": "production",
    "SHORTCODE": "600986",
    "SHORTCODE_TYPE": "paybill",
    "TEST_MODE": False,
}


def hints(check: Any, settings: Any, **changes: Any) -> dict[str, str]:
    """Run a check with these settings and return its hints by id."""
    settings.OSCAR_MPESA = changes
    return {str(message.id).removeprefix("oscar_mpesa."): str(message.hint) for message in check()}


def urlconf(*urlpatterns: Any) -> ModuleType:
    module = ModuleType("a_shops_urls")
    module.urlpatterns = list(urlpatterns)  # type: ignore[attr-defined]
    return module
