"""What a storm is made of: Safaricom in a process of its own, where everything goes wrong, and a shop that stumbles."""

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

#: Seconds until a phone answers by itself, and in which all of them have.
SOON, PATIENCE = 1.0, 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What the simulator remembers: the money it took, and what befell each push, by its checkout id."""

    ledger: list[Entry]
    scenarios: dict[str, str]
    queries: int
    problems: list[str]

    @property
    def number_of(self) -> dict[str, str]:
        """The receipt numbers of the money by checkout id; the answer to a question does not tell them."""
        return {entry.checkout_request_id: entry.receipt_number for entry in self.ledger}

    def told(self) -> str:
        """The same for people."""
        befell = ", ".join(f"{count} {name}" for name, count in Counter(self.scenarios.values()).most_common())
        total = sum(entry.amount for entry in self.ledger)
        return f"{len(self.scenarios)} pushes ({befell}), {self.queries} queries; KSh {total:,} in {len(self.ledger)}"


class PatientSimulator(Simulator):
    """Chaos; but whose answer would be late answers when it is told, so that no test waits for it."""

    def __init__(self, *, seed: int) -> None:
        super().__init__(scenario=CHAOS, seed=seed, delay=SOON)
        self._late: list[ReceivedPush] = []

    def call_back_later(self, push: ReceivedPush, *, after: float | None = None, times: int = 1, **told: Any) -> None:
        """Only *late* says after how long."""
        if after is None:
            super().call_back_later(push, times=times, **told)
        else:
            self._late.append(push)

    def answer_all(self) -> None:
        """The late ones answer now; wait until every callback is posted."""
        while self._late:
            self.call_back(self._late.pop())
        self.wait(PATIENCE)

    def memory(self) -> Memory:
        """What came to pass so far."""
        return Memory(
            ledger=list(self.ledger),
            scenarios={push.checkout_request_id: push.scenario for push in self.pushes},
            queries=len(self.queries),
            problems=self.problems,
        )


class FarSimulator:
    """The shop's end of a simulator in another process."""

    def __init__(self, wire: Connection) -> None:
        self._wire = wire
        self.url: str = wire.recv()

    def answer_all(self) -> Memory:
        """Let the late phones answer too, wait until every callback is posted, and return what came to pass so far."""
        self._wire.send("now")
        memory: Memory = self._wire.recv()
        return memory


@contextmanager
def chaos(*, seed: int) -> Iterator[FarSimulator]:
    """Every disaster, one a push, in a process of its own."""
    ours, theirs = Pipe()

    def simulate() -> None:
        simulator = PatientSimulator(seed=seed)
        with simulator:
            theirs.send(simulator.url)
            while theirs.recv():
                simulator.answer_all()
                theirs.send(simulator.memory())

    with running(simulate):
        yield FarSimulator(ours)


def reconcile_for_ever() -> None:
    """What the operator runs; a job for a process."""
    call_command("mpesa_reconcile", "--loop", "1")


@contextmanager
def stumbling_shop(folder: Path) -> Iterator[None]:
    """The shop's own code raises when every tenth order is paid, the first time, in whatever process."""

    def stumble(*, order: Any, new_status: str, **_: Any) -> None:
        if new_status != "Being processed" or int(order.number) % 10:
            return
        try:
            (folder / order.number).touch(exist_ok=False)
        except FileExistsError:
            return
        raise RuntimeError("the shop's own fault")

    order_status_changed.connect(stumble)
    yield
    order_status_changed.disconnect(stumble)
