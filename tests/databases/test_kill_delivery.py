"""A process that is killed while its thread delivers loses no message, and repeats only what it had not recorded."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db.backends.signals import connection_created
from django.test import Client
from django.urls import reverse

from oscar_mpesa.conf import MpesaSettings
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.services import background_thread
from oscar_mpesa.signals import order_paid
from tests.databases.clock import Clock
from tests.databases.emails import delivered, pack_order
from tests.databases.processes import KILLED, MAX_WAIT, kill_process, run_process
from tests.databases.threads import new_payment
from tests.shop import success

pytestmark = [pytest.mark.disasters, pytest.mark.django_db(transaction=True)]

#: The changes of outbox messages that a thread makes for the signal and the email of one order.
CHANGES = ("reserve the signal", "record the signal", "reserve the email", "record the email")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def _shop(settings: Any, tmp_path: Path) -> Iterator[None]:
    """Share an email file and the shop's receiver among all processes, which deliver by their threads."""
    settings.EMAIL_BACKEND = "tests.databases.emails.FileBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path / "emails.txt")
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "WAKE": MpesaSettings().WAKE}
    order_paid.connect(pack_order)
    yield
    order_paid.disconnect(pack_order)


class KillAtChange:
    """Kill the process before or after the background thread's n-th change of an outbox message."""

    def __init__(self, number: int, *, is_before: bool) -> None:
        self.left, self.is_before = number, is_before

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        is_counted = sql.startswith("UPDATE") and "oscar_mpesa_mpesaoutboxmessage" in sql
        self.left -= is_counted
        if is_counted and not self.left and self.is_before:
            kill_process()
        result = execute(sql, params, many, context)
        if is_counted and not self.left:
            kill_process()
        return result

    def watch(self, *, connection: Any, **_: Any) -> None:
        """Watch the connection of the background thread; a receiver of ``connection_created``."""
        if threading.current_thread().name == "oscar_mpesa":
            connection.execute_wrappers.append(self)


def post_and_deliver(payment: MpesaPayment, kill: KillAtChange) -> None:
    """Post a callback, and let the thread deliver until it kills the process."""
    connection_created.connect(kill.watch)
    path = reverse("oscar_mpesa:hook", args=[payment.secret])
    Client().generic("POST", path, success(payment, number=f"SK{payment.pk:08}"))
    background_thread.join(MAX_WAIT)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("moment", ["before", "after"])
def test_thread_killed_at_each_step_delivers_all_messages(clock: Clock, change: str, moment: str) -> None:
    kill = KillAtChange(CHANGES.index(change) + 1, is_before=moment == "before")
    payments = [new_payment(now=clock.now) for _ in range(10)]

    ends = [run_process(partial(post_and_deliver, payment, kill)) for payment in payments]
    clock.run_until_done()

    numbers = [payment.mpesa_order.order.number for payment in payments]
    deliveries = Counter(delivered())
    assert ends == [KILLED] * 10
    assert set(deliveries) == {f"{what} {n}" for n in numbers for what in ("TEST: Confirmation of order", "Pack order")}
    was_sent_unrecorded = moment == "before" and change.startswith("record")
    assert deliveries.total() - len(deliveries) == (10 if was_sent_unrecorded else 0)
