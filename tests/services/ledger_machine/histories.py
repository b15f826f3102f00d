"""Run histories of money that Hypothesis makes up."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from hypothesis.stateful import run_state_machine_as_test

from tests.services.daraja_replies import CREDENTIALS
from tests.services.ledger_machine.actions import LedgerActions
from tests.services.ledger_machine.shop import open_shop


def run_ledger_histories(settings: Any, *, histories: int, steps: int) -> None:
    """Run this many random histories of this many steps; Hypothesis shows the shortest that breaks an invariant."""
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, **CREDENTIALS}
    limits = hypothesis_settings(
        max_examples=histories,
        stateful_step_count=steps,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    with open_shop() as opened_shop:

        class Machine(LedgerActions):
            shop = opened_shop

        run_state_machine_as_test(Machine, settings=limits)
