"""Run histories of two orders that Hypothesis makes up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth import get_user_model
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from hypothesis.stateful import run_state_machine_as_test
from oscar.core.loading import get_model

from tests.services.daraja_replies import CREDENTIALS
from tests.services.state_machine.actions import OrderActions
from tests.services.state_machine.machine import Shop
from tests.shop import new_order
from tests.snapshots import Snapshot


def run_histories(settings: Any, *, histories: int, steps: int) -> None:
    """Run this many random histories of this many steps; Hypothesis shows the shortest that breaks an invariant."""
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, **CREDENTIALS}
    limits = hypothesis_settings(
        max_examples=histories,
        stateful_step_count=steps,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    with _shop() as opened_shop:

        class Machine(OrderActions):
            shop = opened_shop

        run_state_machine_as_test(Machine, settings=limits)


@contextmanager
def _shop() -> Iterator[Shop]:
    orders = tuple(new_order().pk for _ in range(2))
    get_model("partner", "StockRecord").objects.update(num_in_stock=1)
    staff = get_user_model().objects.create_superuser("achieng", "achieng@example.com", "a long password")
    with Snapshot() as snapshot:
        yield Shop(snapshot=snapshot, orders=orders, staff=staff)
