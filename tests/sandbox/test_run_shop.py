"""``make sandbox`` serves the shop and does its periodic work, once, and both end together."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.databases.web import Browser
from tests.sandbox.running_shop import PATIENCE, Sandbox, free_address, is_open, order, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    shop = Sandbox(tmp_path_factory.mktemp("shop"))
    shop.open_up()
    return shop


@pytest.fixture
def running(sandbox: Sandbox) -> Iterator[Callable[..., tuple[subprocess.Popen[bytes], str]]]:
    """Return a function that runs the shop as ``make sandbox`` does and returns its process and its URL.

    A shell that runs the tests in the background ignores SIGINT, and so would the shop.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    started: list[subprocess.Popen[bytes]] = []

    def run(*words: str) -> tuple[subprocess.Popen[bytes], str]:
        place = free_address()
        started.append(sandbox.start("run_shop", place, "--pause", "0.5", *words))
        wait_for(f"http://{place}")
        return started[-1], f"http://{place}"

    yield run
    for process in started:
        process.terminate()
        process.wait(PATIENCE)
    signal.signal(signal.SIGINT, before)


def until(is_true: Callable[[], Any], what: str) -> None:
    ends = time.monotonic() + PATIENCE
    while not is_true():
        assert time.monotonic() < ends, what
        time.sleep(0.2)


def children_of(pid: int) -> list[int]:
    """Return the child processes, from Linux's own list."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    if not path.exists():
        pytest.skip("only Linux lists a process's children")
    return [int(each) for each in path.read_text(encoding="utf-8").split()]


def test_unpaid_order_gets_its_emails_and_closes(sandbox: Sandbox, running: Any) -> None:
    process, shop = running("--noreload")
    browser = Browser(shop)
    page = order(browser, 1, is_known=False, phone="254708374150")
    until(lambda: b'"failed"' in browser.get(f"{page}status/").content, "the payment does not fail")

    sandbox.change("UPDATE oscar_mpesa_mpesaoutboxmessage SET due_at = '2026-01-01 00:00:00'")
    until(lambda: len(sandbox.emails()) == 1, "no email says that the payment failed")
    sandbox.change("UPDATE oscar_mpesa_mpesaorder SET pay_before = created_at, close_check_at = created_at")
    until(lambda: sandbox.orders() == {"Payment expired": 1}, "the order does not close")
    until(lambda: len(sandbox.emails()) == 2, "no email says that the order is closed")
    bar = browser.get("/en/").content.decode()
    mailbox = browser.get("/en/demo-emails/").content.decode()
    process.send_signal(signal.SIGINT)

    assert process.wait(PATIENCE) == 0
    assert re.search(r"Unpaid orders close and emails leave by themselves\. Last run at \d\d:\d\d:\d\d\.", bar)
    assert all(subject.split(" ", 1)[0] in mailbox for subject in sandbox.emails())
    assert "guest@example.com" in mailbox
    assert "Traceback" not in sandbox.output_of("run_shop")


def test_reloader_works_once_and_ends_with_its_server(sandbox: Sandbox, running: Any) -> None:
    process, shop = running()
    (server,) = children_of(process.pid)

    output = sandbox.output_of("run_shop")
    process.terminate()

    assert process.wait(PATIENCE) == 0
    assert output.count("The periodic work of the shop runs every 0.5 seconds.") == 1
    assert not is_open(shop)
    assert has_ended(server)


def has_ended(pid: int) -> bool:
    """Return whether a process is gone, or a zombie that nobody waits for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True
