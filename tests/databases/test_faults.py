"""Every fault around the shop, during every act on an order: each order ends right, and nobody waits for long."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clocks import shifted_clock
from tests.databases.acts import ACTS, Act
from tests.databases.fault_table import record_cell
from tests.databases.faults import FAULTS, Fault
from tests.databases.faulty_daraja import FaultyDaraja
from tests.databases.sales import Sale, wait_for_deliveries
from tests.databases.shared_daraja import SharedDaraja
from tests.services.daraja_replies import CREDENTIALS

pytestmark = [pytest.mark.disasters, pytest.mark.django_db(transaction=True)]

#: The cells of ``make test-disasters CI=1``: each fault once, and each act twice.
IN_CI = {
    ("Daraja hanging", "place"),
    ("shop hook raising", "place"),
    ("SMTP hanging", "callback"),
    ("database connection cut", "callback"),
    ("cache hanging", "poll"),
    ("token endpoint hanging", "poll"),
    ("Daraja 404 gateway fault", "retry"),
    ("clock 2 days forward", "retry"),
    ("Daraja 503 HTML", "reconcile"),
    ("shop receiver raising", "reconcile"),
    ("Daraja connection reset", "close"),
    ("cache raising", "close"),
}


def cell(fault: Fault, act: Act) -> Any:
    """Return the parameters of a cell."""
    marks = () if (fault.name, act.name) in IN_CI else (pytest.mark.full_matrix,)
    return pytest.param(fault, act, id=f"{fault.name}-{act.name}", marks=marks)


@pytest.fixture
def sale(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sale]:
    """Return a sale in a shop that delivers its messages in a thread, as shops do."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    wake = "oscar_mpesa.services.background_thread.wake"
    with FaultyDaraja(SharedDaraja(tmp_path / "pushes")) as daraja, shifted_clock() as clock:
        settings.OSCAR_MPESA = {
            **settings.OSCAR_MPESA,
            **CREDENTIALS,
            "SHORTCODE": "600999",
            "WAKE": wake,
            "BASE_URL": daraja.url,
        }
        yield Sale(daraja, clock)
        wait_for_deliveries()


def assert_answered(sale: Sale, *, max_seconds: float) -> None:
    """Assert that nobody got an error page, and nobody waited for longer than this."""
    statuses = [answer.status for answer in sale.answers]
    slowest = max(answer.seconds for answer in sale.answers)
    assert all(status < 500 for status in statuses), f"answered {statuses}"
    assert slowest <= max_seconds, f"{slowest:.1f} s, more than {max_seconds:.0f}"


def run_cell(sale: Sale, fault: Fault, act: Act) -> float:
    """Run a cell, and return the seconds that its slowest answer took during the fault."""
    act.prepare(sale)
    wait_for_deliveries()
    sale.answers.clear()

    with fault.begin(sale):
        act.perform(sale)
        sale.assert_page_is_true()
        wait_for_deliveries()
    assert_answered(sale, max_seconds=fault.max_seconds(act.name))
    slowest = max(answer.seconds for answer in sale.answers)
    act.follow(sale)
    sale.finish()

    sale.assert_right_end()
    return slowest


@pytest.mark.parametrize(("fault", "act"), [cell(fault, act) for fault in FAULTS for act in ACTS])
def test_order_ends_right_whatever_fails(
    sale: Sale, fault: Fault, act: Act, record_property: Callable[[str, object], None]
) -> None:
    started = time.monotonic()
    try:
        seconds = run_cell(sale, fault, act)
    except BaseException as error:
        text = f"{type(error).__name__} after {time.monotonic() - started:.1f} s: {error}".splitlines()[0]
        record_cell(record_property, fault.name, act.name, text)
        raise
    record_cell(record_property, fault.name, act.name, f"ok {seconds:.1f} s")
