"""The demo shop on SQLite serves parallel shoppers and ``mpesa_reconcile`` without locking errors."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from sandbox_site.goods import GOODS
from tests.databases.web import Answer, Browser

pytestmark = pytest.mark.disasters

ROOT = Path(__file__).resolve().parents[2]

#: Orders per session, fewer than the limit of unpaid ones.
SHOPPERS, ORDERS_A_VISIT = 6, 3

#: Seconds of shopping, longer than the 20 seconds after which ``mpesa_reconcile`` queries a payment.
RUSH = 24

#: Maximum seconds for the server to start and for an order to be paid.
PATIENCE = 60

#: Products with enough stock.
PLENTY = [pk for pk, good in enumerate(GOODS, start=1) if good.stock >= 120]

#: The sandbox's settings with a temporary directory for all files, and without migrations.
SETTINGS = """
from pathlib import Path
from sandbox_site.settings import *

class Unmigrated(dict):
    def __contains__(self, app):
        return True
    def __getitem__(self, app):
        return None

MEDIA_ROOT = str(Path(__file__).parent / "media")
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}
MIGRATION_MODULES = Unmigrated()
"""

TROUBLE = re.compile(r'locked|Error|Traceback|" 500 ')

NYALI = {"first_name": "Amina", "last_name": "Otieno", "line1": "Nyali Road 12", "line4": "Mombasa", "country": "KE"}

#: The steps from the basket to the choice of a method.
DOOR_TO_TILL = (
    ("/en/checkout/", {"username": "guest@example.com", "options": "anonymous"}),
    ("/en/checkout/shipping-address/", NYALI),
    ("/en/checkout/shipping-method/", {"method_code": "pick-up"}),
)


class Sandbox:
    """A shop with its own SQLite file."""

    def __init__(self, folder: Path) -> None:
        (folder / "busy_settings.py").write_text(SETTINGS, encoding="utf-8")
        self.folder = folder
        self.database = folder / "duka.sqlite3"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MPESA_", "TEST_", "COV_"))}
        self._environment = kept | {
            "DJANGO_SETTINGS_MODULE": "busy_settings",
            "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}",
            "PYTHONUNBUFFERED": "1",
            "DATABASE_URL": f"sqlite:///{self.database}",
            "DEBUG": "true",
        }

    def open_up(self) -> None:
        """Prepare the shop as ``make sandbox`` does before it serves, in one process."""
        steps = "run('migrate', run_syncdb=True, verbosity=0); run('sandbox_shop')"
        script = f"import django; django.setup(); from django.core.management import call_command as run; {steps}"
        subprocess.run([sys.executable, "-c", script], env=self._environment, check=True, capture_output=True)

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a command in the background. Its output is in ``output_of``."""
        with self._log(words[0]).open("wb") as log:
            return subprocess.Popen(self._command(words), env=self._environment, stdout=log, stderr=subprocess.STDOUT)

    def output_of(self, word: str) -> str:
        """Return the output of a command."""
        return self._log(word).read_text(encoding="utf-8")

    def orders(self) -> dict[str, int]:
        """Return the number of orders by status, read from the file."""
        with closing(sqlite3.connect(self.database)) as connection:
            return dict(connection.execute("SELECT status, count(*) FROM order_order GROUP BY status"))

    def _command(self, words: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "sandbox_site.manage", *words]

    def _log(self, word: str) -> Path:
        return self.folder / f"{word}.log"


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    shop = Sandbox(tmp_path)
    shop.open_up()
    return shop


@pytest.fixture
def address(sandbox: Sandbox) -> Iterator[str]:
    """Serve the shop as ``make sandbox`` does and return its URL."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        place = f"127.0.0.1:{free.getsockname()[1]}"
    with sandbox.start("runserver", "--noreload", place) as server:
        try:
            wait_for(f"http://{place}")
            yield f"http://{place}"
        finally:
            server.terminate()


@pytest.fixture
def reconciler(sandbox: Sandbox, address: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``mpesa_reconcile`` beside the shop, every second."""
    with sandbox.start("mpesa_reconcile", "--loop", "1") as process:
        yield process
        process.kill()


def wait_for(shop: str) -> None:
    ends = time.monotonic() + PATIENCE
    while not is_open(shop):
        assert time.monotonic() < ends, "the shop does not open"
        time.sleep(0.2)


def is_open(shop: str) -> bool:
    try:
        return Browser(shop).get("/en/").status_code == 200
    except OSError:
        return False


def shop_until(closing_time: float, numbers: Iterator[int], shop: str) -> int:
    """Buy as one shopper after the other until ``closing_time``. Return the number of orders, all paid."""
    pages: dict[str, Browser] = {}
    while time.monotonic() < closing_time:
        pages |= visit(Browser(shop), numbers)
    for page, browser in pages.items():
        ends = time.monotonic() + PATIENCE
        while json.loads(browser.get(f"{page}status/").content)["state"] != "paid":
            assert time.monotonic() < ends, "an order is not paid"
            time.sleep(0.5)
    return len(pages)


def visit(browser: Browser, numbers: Iterator[int]) -> dict[str, Browser]:
    """Place some orders. Return the URLs of their payment pages."""
    return {order(browser, next(numbers), is_known=bool(turn)): browser for turn in range(ORDERS_A_VISIT)}


def order(browser: Browser, number: int, *, is_known: bool) -> str:
    """Place an order with its own phone. Return the URL of its payment page."""
    moved_on(browser.post(f"/en/basket/add/{PLENTY[number % len(PLENTY)]}/", {"quantity": 1}))
    for path, fields in () if is_known else DOOR_TO_TILL:
        moved_on(browser.post(path, fields))
    moved_on(browser.post("/en/checkout/payment-method/", {"method": "mpesa"}))
    moved_on(browser.post("/en/checkout/preview/", {"which": "another", "phone_number": f"25471{number:07}"}))
    page = moved_on(browser.post("/en/checkout/preview/", {"action": "place_order"}))
    assert "/checkout/mpesa/" in page
    return page


def moved_on(answer: Answer) -> str:
    """Return the target of a redirect."""
    assert answer.status_code == 302, answer.content.decode()
    return answer["Location"]


def test_parallel_shoppers_and_reconcile_meet_no_locked_database(
    sandbox: Sandbox, address: str, reconciler: subprocess.Popen[bytes]
) -> None:
    crowd_of = partial(shop_until, time.monotonic() + RUSH, count())

    with ThreadPoolExecutor(SHOPPERS) as crowd:
        placed = sum(crowd.map(crowd_of, [address] * SHOPPERS))
    reconciler.send_signal(signal.SIGTERM)

    assert reconciler.wait(PATIENCE) == 0
    by_the_shop, by_the_reconciler = sandbox.output_of("runserver"), sandbox.output_of("mpesa_reconcile")
    assert [line for line in (by_the_shop + by_the_reconciler).splitlines() if TROUBLE.search(line)] == []
    assert "payments checked" in by_the_reconciler
    assert sandbox.orders() == {"Being processed": placed}
