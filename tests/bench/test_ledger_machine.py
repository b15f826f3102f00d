"""Run the ledger machine of the normal tests with more and longer histories."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.services.ledger_machine.histories import run_ledger_histories

pytestmark = [pytest.mark.bench, pytest.mark.django_db(transaction=True)]


def test_no_history_of_money_breaks_the_ledger(settings: Any) -> None:
    """``LEDGER_HISTORIES`` sets how many histories are made up."""
    histories = int(os.environ.get("LEDGER_HISTORIES", "720"))
    run_ledger_histories(settings, histories=histories, steps=25)
