"""Run the simulator's chaos scenario in a process of its own, and a shop whose code sometimes raises."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from django.core.management import call_command
from oscar.apps.order.signals import order_status_changed

from oscar_mpesa.simulator.money_ledger import Entry
from oscar_mpesa.simulator.pushes import ReceivedPush
from oscar_mpesa.simulator.scenarios import CHAOS
from oscar_mpesa.simulator.server import Simulator
from tests.databases.processes import running

#: Seconds until a phone answers, and until all of them have.
ANSWER_DELAY, MAX_WAIT = 1.0, 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorRecord:
    """What the simulator recorded: the money that it took, and each push's scenario by checkout id."""

    ledger: list[Entry]
    scenarios: dict[str, str]
    queries: int
    problems: list[str]

    @property
    def number_of(self) -> dict[str, str]:
        """Return the money's receipt numbers by checkout id, because a query's reply has none."""
        return {entry.checkout_request_id: entry.receipt_number for entry in self.ledger}

    def summary(self) -> str:
        """Summarize the record for the test's output."""
        scenarios = ", ".join(f"{count} {name}" for name, count in Counter(self.scenarios.values()).most_common())
        total = sum(entry.amount for entry in self.ledger)
        return (
            f"{len(self.scenarios)} pushes ({scenarios}), {self.queries} queries; KSh {total:,} in {len(self.ledger)}"
        )


class HeldBackSimulator(Simulator):
    """Run chaos, but keep late callbacks back until ``answer_all``, so that the test need not wait."""

    def __init__(self, *, seed: int) -> None:
        super().__init__(scenario=CHAOS, seed=seed, delay=ANSWER_DELAY)
        self._late: list[ReceivedPush] = []

    def call_back_later(self, push: ReceivedPush, *, after: float | None = None, times: int = 1, **fields: Any) -> None:
        """Keep a push back if its scenario asks for a delay."""
        if after is None:
            super().call_back_later(push, times=times, **fields)
        else:
            self._late.append(push)

    def answer_all(self) -> None:
        """Send the late callbacks now, and wait until every callback is posted."""
        while self._late:
            self.call_back(self._late.pop())
        self.wait(MAX_WAIT)

    def record(self) -> SimulatorRecord:
        """Return what happened so far."""
        return SimulatorRecord(
            ledger=list(self.ledger),
            scenarios={push.checkout_request_id: push.scenario for push in self.pushes},
            queries=len(self.queries),
            problems=self.problems,
        )


class RemoteSimulator:
    """Control a simulator that runs in another process."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self.url: str = pipe.recv()

    def answer_all(self) -> SimulatorRecord:
        """Send the late callbacks, wait until every callback is posted, and return the record."""
        self._pipe.send("now")
        record: SimulatorRecord = self._pipe.recv()
        return record


@contextmanager
def chaos(*, seed: int) -> Iterator[RemoteSimulator]:
    """Run a simulator in its own process, with every scenario of chaos in turn."""
    ours, theirs = Pipe()

    def simulate() -> None:
        simulator = HeldBackSimulator(seed=seed)
        with simulator:
            theirs.send(simulator.url)
            while theirs.recv():
                simulator.answer_all()
                theirs.send(simulator.record())

    with running(simulate):
        yield RemoteSimulator(ours)


def reconcile_in_loop() -> None:
    """Run ``mpesa_reconcile`` in a loop, as an operator does."""
    call_command("mpesa_reconcile", "--loop", "1")


@contextmanager
def failing_shop_code(folder: Path) -> Iterator[None]:
    """Raise from the shop's receiver at the first payment of every tenth order, in any process."""

    def fail(*, order: Any, new_status: str, **_: Any) -> None:
        if new_status != "Being processed" or int(order.number) % 10:
            return
        try:
            (folder / order.number).touch(exist_ok=False)
        except FileExistsError:
            return
        raise RuntimeError("the shop's receiver fails")

    order_status_changed.connect(fail)
    yield
    order_status_changed.disconnect(fail)
