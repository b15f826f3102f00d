"""The demo's bar says whether the periodic work runs, and a thread does it."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaJobRun, MpesaOrder
from sandbox_site.periodic_work import periodic_work, run_pass, work_state
from tests.shop import NO_FUNDS, NOON, later, new_payment

RUNS = "Unpaid orders close and emails leave by themselves. Last run at {}."
NEVER = "Nothing closes unpaid orders now. Start the shop with make sandbox."


def bar_of(client: Client) -> str:
    page = client.get("/en/").content.decode()
    return " ".join(page.partition('<p class="duka-bar-work">')[2].partition("</p>")[0].split())


def ran(moment: datetime) -> None:
    MpesaJobRun.objects.update_or_create(job="reconcile", defaults={"last_run_at": moment})


def at(moment: datetime) -> str:
    return timezone.localtime(moment).strftime("%H:%M:%S")


@pytest.mark.django_db
def test_bar_names_the_last_run_of_the_periodic_work(client: Client) -> None:
    moment = timezone.now() - timedelta(seconds=15)
    ran(moment)

    assert bar_of(client) == RUNS.format(at(moment))


@pytest.mark.django_db
def test_bar_says_that_the_periodic_work_stopped(client: Client) -> None:
    moment = timezone.now() - timedelta(minutes=5)
    ran(moment)

    assert bar_of(client).startswith("Nothing closes unpaid orders now. Last run: ")
    assert at(moment) in bar_of(client)


@pytest.mark.django_db
def test_bar_says_that_the_periodic_work_never_ran(client: Client) -> None:
    assert bar_of(client) == NEVER


@pytest.mark.django_db
@pytest.mark.parametrize(("seconds", "is_running"), [(0, True), (89, True), (90, False)])
def test_work_without_a_run_for_90_seconds_has_stopped(seconds: int, is_running: bool) -> None:
    ran(NOON)

    state = work_state(now=later(seconds))

    assert (state.last_run, state.is_running) == (NOON, is_running)


@pytest.mark.django_db(transaction=True)
def test_pass_closes_an_overdue_order() -> None:
    payment = new_payment(phone=NO_FUNDS, now=timezone.now() - timedelta(hours=1))

    run_pass()

    payment.refresh_from_db()
    assert payment.status == "failed"
    assert MpesaOrder.objects.get().closed_at is not None
    assert get_model("order", "Order").objects.get().status == "Payment expired"


@pytest.mark.django_db(transaction=True)
def test_pass_logs_what_it_did_but_not_that_nothing_was_due(caplog: pytest.LogCaptureFixture) -> None:
    new_payment(phone=NO_FUNDS, now=timezone.now() - timedelta(hours=1))

    with caplog.at_level(logging.INFO, "oscar_mpesa"):
        run_pass()
        run_pass()

    summaries = [each for each in caplog.messages if each.startswith(("Periodic work", "M-PESA reconcile"))]
    done = "1 payments checked (1 failed); 1 overdue orders checked (1 closed)"
    assert summaries == [f"Periodic work: {done}; 1 orders indexed for the search (1 indexed)"]


@pytest.mark.django_db(transaction=True)
def test_thread_works_until_the_block_ends() -> None:
    with periodic_work(0.05):
        names = [thread.name for thread in threading.enumerate()]
        ends = time.monotonic() + 20
        while not MpesaJobRun.objects.exists():
            assert time.monotonic() < ends, "the thread does nothing"
            time.sleep(0.05)

    assert names.count("periodic-work") == 1
    assert "periodic-work" not in [thread.name for thread in threading.enumerate()]


def test_failing_pass_is_logged_and_the_next_one_works(caplog: pytest.LogCaptureFixture) -> None:
    passes: list[str] = []
    worked = threading.Event()

    def fail_once() -> None:
        passes.append("begun")
        if len(passes) == 1:
            raise OSError("the disk is full")
        worked.set()

    with periodic_work(0.05, fail_once):
        assert worked.wait(20)

    failures = [record for record in caplog.records if "periodic work failed" in record.message]
    assert ["the disk is full" in str(record.exc_text) for record in failures] == [True]


@pytest.fixture
def signals() -> Iterator[None]:
    """Give the test process its handler of SIGTERM back."""
    handler = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, handler)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("signals")
@pytest.mark.parametrize(
    ("is_child", "works"), [("", True), ("true", False)], ids=["first process", "reloader's child"]
)
def test_only_the_first_process_of_the_shop_works(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], is_child: str, works: bool
) -> None:
    monkeypatch.setenv("RUN_MAIN", is_child)

    with pytest.raises(CommandError, match="not a valid port number"):
        call_command("run_shop", "nowhere", noreload=True, pause=60.0)

    said = "The periodic work of the shop runs every 60 seconds." in capsys.readouterr().out
    assert said is works
    assert MpesaJobRun.objects.exists() is works
