"""A pytest fixture for shops' tests. It needs pytest-django.

To use it: ``pytest_plugins = ["oscar_mpesa.testing.fixtures"]``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse

from oscar_mpesa.simulator.server import SANDBOX, Simulator

if TYPE_CHECKING:
    from pytest_django.live_server_helper import LiveServer

__all__ = ["mpesa_simulator"]

#: Seconds until a phone answers: soon, but after the shop has processed the reply to the push.
DELAY = 0.3


@pytest.fixture
def mpesa_simulator(settings: Any, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """Run a simulated Daraja for one test. The shop's settings use it, and callbacks go to ``live_server``.

    The test fails if Safaricom would have refused a request, or if the shop rejects a callback.
    """
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with daraja_for(settings, live_server.url) as simulator:
        yield simulator


@contextmanager
def daraja_for(settings: Any, shop_url: str) -> Iterator[Simulator]:
    """Run a simulated Daraja for the shop at ``shop_url``. Ends with ``pytest.fail`` if there are problems."""
    shop = getattr(settings, "OSCAR_MPESA", {})
    credentials = replace(SANDBOX, till=shop.get("TILL_NUMBER", ""))
    with Simulator(credentials=credentials, delay=DELAY) as simulator:
        settings.OSCAR_MPESA = {
            **shop,
            "ENVIRONMENT": "sandbox",
            "TEST_MODE": True,
            "CONSUMER_KEY": credentials.consumer_key,
            "CONSUMER_SECRET": credentials.consumer_secret,
            "SHORTCODE": credentials.shortcode,
            "PASSKEY": credentials.passkey,
            "CALLBACK_URL": shop_url + reverse("oscar_mpesa:hook", args=["0"]).removesuffix("/0"),
            "BASE_URL": simulator.url,
        }
        yield simulator
    if simulator.problems:
        pytest.fail("; ".join(simulator.problems))
