"""Whatever happens to an order, in whatever order: no money is lost, counted twice, or believed from a stranger."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.state_machine.setup_order import run_histories

# Tracing would double what it takes, and no line is only here.
pytestmark = [pytest.mark.usefixtures("untraced"), pytest.mark.django_db(transaction=True)]


def test_no_story_of_an_order_breaks_a_money_rule(settings: Any) -> None:
    run_histories(settings, histories=120, steps=15)
