"""A shop that is open on a real port, with credentials for a Daraja on another."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from pytest_django.live_server_helper import LiveServer

from oscar_mpesa.models import MpesaPayment
from tests.journeys.plain import PlainBrowser
from tests.journeys.wire import KEY, PASSKEY, SECRET, SHORTCODE, Wire
from tests.shopper import Shopper


@pytest.fixture
def daraja() -> Iterator[Wire]:
    """Daraja, which must have found nothing wrong with what it was sent."""
    with Wire() as wire:
        yield wire
    assert wire.complaints == []


@pytest.fixture(autouse=True)
def shop(
    settings: Any, live_server: LiveServer, daraja: Wire, transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settings of a shop in Daraja's sandbox."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    settings.OSCAR_MPESA = {
        **settings.OSCAR_MPESA,
        "ENVIRONMENT": "sandbox",
        "CONSUMER_KEY": KEY,
        "CONSUMER_SECRET": SECRET,
        "SHORTCODE": SHORTCODE,
        "PASSKEY": PASSKEY,
        "CALLBACK_URL": f"{live_server.url}/api/payments/hooks",
        "BASE_URL": daraja.url,
    }


@pytest.fixture
def shopper() -> Shopper:
    return Shopper()


@pytest.fixture
def browser(live_server: LiveServer, shopper: Shopper) -> PlainBrowser:
    """The shopper's own browser, over real HTTP."""
    return PlainBrowser(shop=live_server.url, client=shopper.client)


def wait(seconds: int) -> None:
    """Let so much time pass for every payment."""
    gone = timedelta(seconds=seconds)
    moments = ("created_at", "prompted_at", "next_question_at", "ended_at")
    MpesaPayment.objects.update(**{name: F(name) - gone for name in moments})
