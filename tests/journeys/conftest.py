"""Run the shop on a real port, and Daraja on another."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from pytest_django.live_server_helper import LiveServer

from oscar_mpesa.models import (
    MpesaAllocation,
    MpesaApiCall,
    MpesaCallback,
    MpesaOrder,
    MpesaOutboxMessage,
    MpesaPayment,
)
from oscar_mpesa.simulator.pushes import ReceivedPush
from oscar_mpesa.simulator.replies import Reply
from oscar_mpesa.simulator.scenarios import Daraja, Scenario
from oscar_mpesa.simulator.server import Simulator
from oscar_mpesa.testing.fixtures import mpesa_simulator as mpesa_simulator
from tests.journeys.plain_browser import PlainBrowser
from tests.shopper import Shopper


@pytest.fixture(autouse=True)
def daraja(mpesa_simulator: Simulator) -> Simulator:
    """Return Daraja, used by the shop; a phone answers only when the test says so."""
    mpesa_simulator.delay = None
    return mpesa_simulator


@pytest.fixture
def shopper() -> Shopper:
    return Shopper()


@pytest.fixture
def browser(live_server: LiveServer, shopper: Shopper) -> PlainBrowser:
    """Return the shopper's own browser, over real HTTP."""
    return PlainBrowser(shop=live_server.url, client=shopper.client)


def pass_time(seconds: int) -> None:
    """Move every payment, order, allocation and message this many seconds into the past."""
    age = timedelta(seconds=seconds)
    clocks: dict[Any, tuple[str, ...]] = {
        MpesaPayment: ("created_at", "push_sent_at", "next_query_at", "ended_at"),
        MpesaOrder: ("created_at", "pay_before", "close_check_at"),
        MpesaAllocation: ("next_try_at",),
        MpesaCallback: ("received_at", "next_try_at"),
        MpesaOutboxMessage: ("due_at", "reserved_at"),
        MpesaApiCall: ("created_at",),
    }
    for model, moments in clocks.items():
        model.objects.update(**{name: F(name) - age for name in moments})


def replying(reply: Reply) -> Scenario:
    """Return a scenario that answers a push with this reply; the test decides about the prompt."""

    def reply_to(daraja: Daraja, push: ReceivedPush) -> Reply:
        return reply

    return reply_to
