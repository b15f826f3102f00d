"""Settings of a shop in the sandbox and in production, and what a check says of them."""

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


def told(check: Any, settings: Any, **changes: Any) -> dict[str, str]:
    """What a check says of such settings: hints by id."""
    settings.OSCAR_MPESA = changes
    return {str(message.id).removeprefix("oscar_mpesa."): str(message.hint) for message in check()}


def urlconf(*urlpatterns: Any) -> ModuleType:
    module = ModuleType("a_shops_urls")
    module.urlpatterns = list(urlpatterns)  # type: ignore[attr-defined]
    return module
