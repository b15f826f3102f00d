"""No history of receipts, claims, decisions and refunds makes the ledger say what its entries do not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.ledger_machine.histories import run_ledger_histories

# Tracing would double the time, and no line is covered only here.
pytestmark = [pytest.mark.usefixtures("untraced"), pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("histories", [5, pytest.param(40, marks=pytest.mark.slow)])
def test_no_history_of_money_breaks_the_ledger(settings: Any, histories: int) -> None:
    run_ledger_histories(settings, histories=histories, steps=20)
