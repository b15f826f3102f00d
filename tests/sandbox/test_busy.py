"""The demo shop on SQLite serves parallel shoppers and ``mpesa_reconcile`` without locking errors."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from tests.databases.web import Browser
from tests.sandbox.running_shop import PATIENCE, Sandbox, free_address, order, wait_for

pytestmark = pytest.mark.disasters

#: Orders per session, fewer than the limit of unpaid ones.
SHOPPERS, ORDERS_A_VISIT = 6, 3

#: Seconds of shopping, longer than the 20 seconds after which ``mpesa_reconcile`` queries an unpaid payment.
RUSH = 24

TROUBLE = re.compile(r'locked|Error|Traceback|" 500 ')


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    shop = Sandbox(tmp_path)
    shop.open_up()
    return shop


@pytest.fixture
def address(sandbox: Sandbox) -> Iterator[str]:
    """Serve the shop as ``make sandbox`` does and return its URL."""
    place = free_address()
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


def test_parallel_shoppers_and_reconcile_meet_no_locked_database(
    sandbox: Sandbox, address: str, reconciler: subprocess.Popen[bytes]
) -> None:
    numbers = count()
    order(Browser(address), next(numbers), is_known=False)
    sandbox.change("UPDATE oscar_mpesa_mpesapayment SET next_query_at = created_at")
    crowd_of = partial(shop_until, time.monotonic() + RUSH, numbers)

    with ThreadPoolExecutor(SHOPPERS) as crowd:
        placed = 1 + sum(crowd.map(crowd_of, [address] * SHOPPERS))
    reconciler.send_signal(signal.SIGTERM)

    assert reconciler.wait(PATIENCE) == 0
    by_the_shop, by_the_reconciler = sandbox.output_of("runserver"), sandbox.output_of("mpesa_reconcile")
    assert [line for line in (by_the_shop + by_the_reconciler).splitlines() if TROUBLE.search(line)] == []
    assert "payments checked" in by_the_reconciler
    assert sandbox.orders() == {"Being processed": placed}
