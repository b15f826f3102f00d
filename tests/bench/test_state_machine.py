"""Run the state machine of the normal tests with more and longer histories."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.state_machine.histories import run_histories

pytestmark = [pytest.mark.bench, pytest.mark.django_db(transaction=True)]


def test_no_history_of_an_order_breaks_an_invariant(settings: Any) -> None:
    run_histories(settings, histories=720, steps=25)
