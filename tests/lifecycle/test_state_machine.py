"""Whatever happens to an order, in whatever order: no money is lost, counted twice, or believed from a stranger."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from hypothesis.stateful import run_state_machine_as_test
from oscar.core.loading import get_model

from oscar_mpesa.lifecycle import asking
from oscar_mpesa.ordering import receivers
from oscar_mpesa.signals import news_due
from tests.lifecycle.life import OrderLife
from tests.lifecycle.story import Shop
from tests.lifecycle.wire import CREDENTIALS
from tests.shop import new_order
from tests.snapshots import Snapshot

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(settings: Any, monkeypatch: pytest.MonkeyPatch, django_user_model: Any) -> Iterator[Shop]:
    """A shop with credentials, on Safaricom's patience without end, that tells its mails to the story alone."""
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, **CREDENTIALS}
    monkeypatch.setattr(asking, "SMALL_BUDGET", 1_000_000)
    news_due.disconnect(dispatch_uid="oscar_mpesa.ordering.send_mail")
    orders = tuple(new_order().pk for _ in range(2))
    get_model("partner", "StockRecord").objects.update(num_in_stock=1)
    staff = django_user_model.objects.create_superuser("achieng", "achieng@example.com", "a long password")
    with Snapshot() as snapshot:
        yield Shop(snapshot=snapshot, orders=orders, staff=staff)
    receivers.connect()


def test_no_story_of_an_order_breaks_a_money_rule(shop: Shop) -> None:
    live_through(shop, stories=120, steps=15)


def live_through(place: Shop, *, stories: int, steps: int) -> None:
    """Make up so many stories of so many steps at the most; of one that breaks a law the shortest is shown."""

    class Life(OrderLife):
        shop = place

    limits = hypothesis_settings(
        max_examples=stories,
        stateful_step_count=steps,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Life, settings=limits)
