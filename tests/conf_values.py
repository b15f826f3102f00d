"""Settings of a shop, and how a test reads them."""

from __future__ import annotations

from typing import Any

import environ

from oscar_mpesa.conf import MpesaSettings, get_settings

CREDENTIALS = {
    "CONSUMER_KEY": "key-of-the-app",
    "CONSUMER_SECRET": "secret-of-the-app",
    "SHORTCODE": "600986",
    "PASSKEY": "passkey-of-the-app",
    "CALLBACK_URL": "https://shop.example/api/payments/hooks",
}
PRODUCTION = {**CREDENTIALS, "ENVIRONMENT": "production"}


def read(settings: Any, **given: Any) -> MpesaSettings:
    settings.OSCAR_MPESA = given
    return get_settings()


def environment(**variables: str) -> environ.Env:
    env = environ.Env()
    env.ENVIRON = variables
    return env
