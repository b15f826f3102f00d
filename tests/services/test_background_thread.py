"""Messages are delivered by a thread of the process, while the request goes on."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core import mail
from django.db import OperationalError, connections
from django.db.backends.signals import connection_created
from django.test.utils import override_script_prefix

from oscar_mpesa import conf
from oscar_mpesa.models import MessageKind, MpesaOutboxMessage
from oscar_mpesa.services import background_thread
from oscar_mpesa.services.background_thread import ThreadPool
from oscar_mpesa.services.reconciliation import reconcile
from oscar_mpesa.signals import order_paid
from tests.databases.threads import new_phone
from tests.shop import later, new_payment, pay

pytestmark = pytest.mark.django_db(transaction=True)

#: Seconds until a test gives up.
MAX_WAIT = 30


@pytest.fixture(autouse=True)
def _thread(settings: Any) -> Iterator[None]:
    """Deliver by the thread that a shop has by default."""
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "WAKE": conf.MpesaSettings().WAKE}
    yield
    assert background_thread.join(MAX_WAIT)


@pytest.fixture
def receive() -> Iterator[Callable[[Callable[..., None]], None]]:
    """Connect receivers of ``order_paid`` until the test's threads have ended."""
    receivers: list[Callable[..., None]] = []

    def connect(receiver: Callable[..., None]) -> None:
        receivers.append(receiver)
        order_paid.connect(receiver)

    yield connect
    background_thread.join(MAX_WAIT)
    for receiver in receivers:
        order_paid.disconnect(receiver)


class Gate:
    """A receiver that waits, each time, until the test lets it go on."""

    def __init__(self) -> None:
        self.entered, self.opened = threading.Semaphore(0), threading.Event()
        self.orders: list[int] = []

    def __call__(self, *, order: Any, **_: Any) -> None:
        self.entered.release()
        assert self.opened.wait(MAX_WAIT)
        self.orders.append(order.pk)


def undelivered() -> set[str]:
    return set(MpesaOutboxMessage.objects.filter(delivered_at=None).values_list("kind", flat=True))


def test_commit_goes_on_while_a_receiver_of_the_shop_is_slow(receive: Any) -> None:
    gate = Gate()
    receive(gate)

    payment = pay(new_payment())

    assert gate.entered.acquire(timeout=MAX_WAIT)
    assert (payment.status, undelivered()) == ("completed", {MessageKind.ORDER_PAID, MessageKind.PAID_EMAIL})
    gate.opened.set()
    assert background_thread.join(MAX_WAIT)
    assert (gate.orders, len(mail.outbox), undelivered()) == ([payment.order_id], 1, set())


def test_commit_during_a_delivery_is_not_forgotten(receive: Any) -> None:
    gate = Gate()
    receive(gate)
    first = pay(new_payment())
    assert gate.entered.acquire(timeout=MAX_WAIT)

    second = pay(new_payment(), number="OD999ZZZ99")
    gate.opened.set()

    assert background_thread.join(MAX_WAIT)
    assert (gate.orders, undelivered()) == ([first.order_id, second.order_id], set())


def test_thread_has_a_connection_of_its_own_and_closes_it(receive: Any) -> None:
    used: list[Any] = []
    receive(lambda **_: used.append(connections["default"]))

    pay(new_payment())

    assert background_thread.join(MAX_WAIT)
    assert [connection is connections["default"] for connection in used] == [False]
    assert used[0].connection is None


def test_message_that_breaks_the_connection_does_not_stop_the_next(receive: Any) -> None:
    def break_connection(**_: Any) -> None:
        connections["default"].ensure_connection()
        connections["default"].connection.close()

    receive(break_connection)

    pay(new_payment())

    assert background_thread.join(MAX_WAIT)
    assert (undelivered(), len(mail.outbox)) == ({MessageKind.ORDER_PAID}, 1)


def test_hanging_messages_leave_the_others_to_at_most_three_threads(
    settings: Any, receive: Any, caplog: pytest.LogCaptureFixture
) -> None:
    pool, gate = ThreadPool(stuck_after=0), Gate()
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "WAKE": lambda **_: pool.wake()}
    receive(gate)

    hanging = []
    for number in range(4):
        pay(new_payment(phone=new_phone()), number=f"OD123ABC4{number}")
        hanging.append(gate.entered.acquire(timeout=MAX_WAIT if number < 3 else 0.2))
    emails = len(mail.outbox)
    gate.opened.set()

    assert pool.join(MAX_WAIT)
    assert (hanging, emails) == ([True, True, True, False], 2)
    assert (len(gate.orders), len(mail.outbox), undelivered()) == (4, 4, set())
    assert caplog.text.count("a message or query takes longer than 0 seconds") == 3
    assert "assert self.opened.wait(MAX_WAIT)" in caplog.text


def test_exit_waits_for_a_thread_only_for_some_seconds(receive: Any) -> None:
    gate = Gate()
    receive(gate)
    pay(new_payment())
    assert gate.entered.acquire(timeout=MAX_WAIT)

    started = time.monotonic()
    ended = background_thread.join(0.1)
    seconds = time.monotonic() - started
    gate.opened.set()

    assert (ended, seconds < 5) == (False, True)
    assert background_thread.join(MAX_WAIT)


def test_fork_starts_without_the_threads_of_its_parent(receive: Any) -> None:
    gate = Gate()
    receive(gate)
    pay(new_payment())
    assert gate.entered.acquire(timeout=MAX_WAIT)

    child = os.fork()
    if not child:
        os._exit(0 if background_thread.join(0) else 1)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    gate.opened.set()

    assert ended == 0


def test_wake_that_raises_is_logged_and_the_money_stays(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "WAKE": "shop.nowhere.wake"}

    payment = pay(new_payment())

    assert (payment.status, undelivered()) == ("completed", {MessageKind.ORDER_PAID, MessageKind.PAID_EMAIL})
    assert "OSCAR_MPESA['WAKE'] raised; mpesa_reconcile delivers what is due" in caplog.text


def test_without_wake_the_reconciler_delivers(settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "WAKE": ""}
    pay(new_payment())
    waiting = undelivered()

    list(reconcile(lambda: later(1)))

    assert waiting == {MessageKind.ORDER_PAID, MessageKind.PAID_EMAIL}
    assert (undelivered(), len(mail.outbox)) == (set(), 1)


def test_database_that_refuses_the_thread_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def refuse(**_: Any) -> None:
        if threading.current_thread().name == "oscar_mpesa":
            raise OperationalError("too many connections")

    connection_created.connect(refuse)
    try:
        payment = pay(new_payment())
        assert background_thread.join(MAX_WAIT)
    finally:
        connection_created.disconnect(refuse)

    assert (payment.status, undelivered()) == ("completed", {MessageKind.ORDER_PAID, MessageKind.PAID_EMAIL})
    assert "the background thread failed; mpesa_reconcile does what is due" in caplog.text


def test_thread_that_cannot_start_is_forgotten(caplog: pytest.LogCaptureFixture) -> None:
    threading.stack_size(1 << 47)  # more than there is
    try:
        pay(new_payment())
    finally:
        threading.stack_size(0)
    waiting = undelivered()

    pay(new_payment(), number="OD999ZZZ99")

    assert background_thread.join(MAX_WAIT)
    assert "can't start new thread" in caplog.text
    assert (len(waiting), undelivered()) == (2, set())


def test_urls_in_emails_have_the_path_that_the_shop_is_below() -> None:
    with override_script_prefix("/shop"):
        pay(new_payment())
        assert background_thread.join(MAX_WAIT)

    (message,) = mail.outbox
    paths = re.findall(r"https?://[^/\s]+(/\S+)", str(message.body))
    assert paths
    assert [path for path in paths if not path.startswith("/shop/")] == []
