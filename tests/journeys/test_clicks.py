"""The session that placed an order finds its payment page, also while the push is sent."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.simulator.pushes import ReceivedPush
from oscar_mpesa.simulator.replies import Reply
from oscar_mpesa.simulator.scenarios import Daraja, usual
from oscar_mpesa.simulator.server import Simulator
from tests.journeys.plain_browser import PlainBrowser
from tests.shop import new_product
from tests.shopper import Shopper


@pytest.fixture(params=["db", "cache", "cached_db", "signed_cookies"])
def sessions(request: pytest.FixtureRequest, settings: Any) -> str:
    """Return the shop's session engine."""
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{request.param}"
    return str(request.param)


def test_guest_finds_the_payment_page_with_each_session_engine(
    sessions: str, daraja: Simulator, shopper: Shopper
) -> None:
    page = shopper.buys(new_product())["Location"]
    waiting = shopper.client.get(page)
    daraja.call_back(daraja.pushes[0])

    paid = shopper.client.get(page)
    done = shopper.client.post(f"{page}done/", follow=True)

    assert "<title>Enter your M-PESA PIN on 0708 374 149 |" in waiting.content.decode()
    assert daraja.pushes[0].receipt_number in paid.content.decode()
    assert shopper.order().number in done.content.decode()


def test_second_order_does_not_hide_the_first(daraja: Simulator, shopper: Shopper) -> None:
    pages = [shopper.buys(new_product())["Location"] for _ in range(2)]

    statuses = [shopper.client.get(page).status_code for page in pages]

    assert pages[0] != pages[1]
    assert statuses == [200, 200]
    assert MpesaPayment.objects.count() == len(daraja.pushes) == 2


@pytest.fixture(params=[True, False], ids=["atomic requests", "no atomic requests"])
def requests_are_atomic(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Set whether the shop wraps each request in a transaction."""
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", request.param)
    return bool(request.param)


def test_money_arrives_with_and_without_atomic_requests(
    requests_are_atomic: bool, daraja: Simulator, shopper: Shopper
) -> None:
    page = shopper.buys(new_product())["Location"]
    daraja.call_back(daraja.pushes[0], code=1032)
    shopper.client.post(f"{page}retry/", {"phone_number": "0712345678"})
    daraja.call_back(daraja.pushes[1])

    assert daraja.pushes[1].receipt_number in shopper.client.get(page).content.decode()
    assert shopper.order().status == "Being processed"


def test_second_click_during_push_redirects_to_the_payment_page(
    requests_are_atomic: bool, daraja: Simulator, shopper: Shopper, browser: PlainBrowser
) -> None:
    led_to: list[str] = []

    def click_again(simulator: Daraja, push: ReceivedPush) -> Reply:
        led_to.append(browser.post("/en/checkout/preview/", action="place_order").location)
        return usual(simulator, push)

    daraja.script(click_again)

    first = shopper.buys(new_product())

    assert led_to == [first["Location"]]
    assert len(daraja.pushes) == get_model("order", "Order").objects.count() == 1
