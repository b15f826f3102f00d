"""Mistakes in the settings of a shop, by the id of their error. Each is a function of the right settings."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

from tests.wiring.checked import PRODUCTION, SANDBOX

Mistake = Callable[[dict[str, Any]], dict[str, Any]]


def ours(**changes: Any) -> Mistake:
    """Change settings of ``OSCAR_MPESA``."""
    return lambda right: {"OSCAR_MPESA": {**right["OSCAR_MPESA"], **changes}}


def stale_mysql(right: dict[str, Any]) -> dict[str, Any]:
    """Add a database whose engine is named as MySQL's, with another isolation level."""
    engine = "faulty_shop.mysql"
    sys.modules[f"{engine}.base"] = import_module("tests.wiring.faulty.engine")  # Django appends the name
    stale = {"ENGINE": engine, "NAME": ":memory:", "OPTIONS": {"isolation_level": "repeatable read"}}
    return {"DATABASES": {**right["DATABASES"], "archive": stale}}


MISTAKES: dict[str, Mistake] = {
    "E001": ours(AUTO_INTEGRATE=False),
    "E002": ours(**SANDBOX, SHORTCODE_TYPE="till"),
    "E003": ours(**{**SANDBOX, "PASSKEY": ""}),
    "E004": ours(**{**PRODUCTION, "SHORTCODE": "174379"}),
    "E005": ours(**PRODUCTION, BASE_URL="https://daraja.example"),
    "E006": ours(**{**SANDBOX, "CALLBACK_URL": "shop.example/hooks"}),
    "E007": ours(**{**PRODUCTION, "TEST_MODE": True}),
    "E008": ours(TEST_MODE=False),
    "E009": lambda _: {"ROOT_URLCONF": "tests.wiring.faulty.urls"},
    "E010": ours(),
    "E011": ours(ORDER_OWNERSHIP_CHECK="shop.api.owns"),
    "E012": stale_mysql,
    "E013": lambda _: {"USE_TZ": False},
    "E014": ours(CACHE="tokens"),
    "E015": ours(PAYMENT_WINDOW_MINUTES="half an hour", PASSKEYS="a passkey", PENDING_STATUS="Cancelled"),
    "E015 no dictionary": lambda _: {"OSCAR_MPESA": None},
    "E003 without URLs": lambda right: {**ours(CONSUMER_KEY="key")(right), "ROOT_URLCONF": None},
}
