"""The fixture as shops use it. Runs the tests in ``docs/testing-your-shop.md``."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from oscar_mpesa.conf import get_settings
from oscar_mpesa.simulator.scenarios import BY_DIGITS, CHAOS
from oscar_mpesa.simulator.server import Simulator
from oscar_mpesa.testing.fixtures import daraja_for
from oscar_mpesa.testing.fixtures import mpesa_simulator as mpesa_simulator
from tests.house.sources import ROOT
from tests.shop import new_product
from tests.shopper import Shopper

PATH = ROOT / "docs" / "testing-your-shop.md"
PAGE = PATH.read_text(encoding="utf-8")


def buy(client: Client, *, phone: str) -> Any:
    """Place an order on the website. The page leaves this function to the shop."""
    shopper = Shopper(client)
    shopper.buys(new_product(), phone=phone)
    return shopper.order()


for _code in re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE):
    if "def test_" in _code:
        exec(compile(_code, str(PATH), "exec"))  # noqa: S102 - our own page


def test_documentation_page_has_tests() -> None:
    assert len([name for name in globals() if name.startswith("test_")]) >= 8


def test_documentation_table_lists_every_scenario() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (?:…(\d{3}))? ?\|", PAGE, re.MULTILINE)

    assert rows == [*((scenario.__name__, digits) for digits, scenario in BY_DIGITS.items()), (CHAOS, "")]


def test_till_setting_is_kept(mpesa_simulator: Simulator, live_server: LiveServer, settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "TILL_NUMBER": "555555"}

    with daraja_for(settings, live_server.url) as till:
        parties = {till.credentials.party_b, get_settings().credentials.party_b}

    assert parties == {"555555"}


def test_problem_fails_the_test(live_server: LiveServer, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    with pytest.raises(pytest.fail.Exception, match="the callback of push 1 met HTTP 404"):
        buy_with_unreachable_callback_url(settings, f"{live_server.url}/elsewhere")


def buy_with_unreachable_callback_url(settings: Any, shop_url: str) -> None:
    with daraja_for(settings, shop_url) as simulator:
        buy(Client(), phone="0712345678")
        simulator.wait()
