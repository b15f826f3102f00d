"""A simulator and a shop's side over HTTP, without Django."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from oscar_mpesa.simulator.server import Simulator
from tests.simulator.shopside import Hooks, Shop


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def hooks() -> Iterator[Hooks]:
    with Hooks() as hooks:
        yield hooks


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """Return a simulator whose phones answer almost at once."""
    with Simulator(delay=0.02, late_after=0.1, slow_for=0.1) as simulator:
        yield simulator


@pytest.fixture
def shop(simulator: Simulator, hooks: Hooks) -> Shop:
    return Shop(simulator, hooks)
