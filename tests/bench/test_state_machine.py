"""The made-up stories of the normal tests: ten times as many steps, in longer stories."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.state_machine.setup_order import live_through

pytestmark = [pytest.mark.bench, pytest.mark.django_db(transaction=True)]


def test_no_story_of_an_order_breaks_a_money_rule(settings: Any) -> None:
    live_through(settings, stories=720, steps=25)
