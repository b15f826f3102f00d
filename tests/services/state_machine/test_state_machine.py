"""No history of an order loses money, counts it twice, or accepts it from an unverified post."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.state_machine.histories import run_histories

# Tracing would double the time, and no line is covered only here.
pytestmark = [pytest.mark.usefixtures("untraced"), pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("histories", [10, pytest.param(80, marks=pytest.mark.slow)])
def test_no_history_of_an_order_breaks_an_invariant(settings: Any, histories: int) -> None:
    run_histories(settings, histories=histories, steps=15)
