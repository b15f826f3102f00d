"""A killed worker's job is finished by another one, once, and no money is lost or doubled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as shop_settings
from django.db import transaction
from django.db.models.signals import post_save
from django.test import Client
from django.urls import reverse
from oscar.apps.order.signals import order_status_changed
from oscar.core.loading import get_model

from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import MpesaCallback, MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.services.payments import start_payment
from oscar_mpesa.services.reconciliation import reconcile
from oscar_mpesa.services.stk_push import send_stk_push
from oscar_mpesa.signals import order_paid
from tests.databases.clock import Clock
from tests.databases.emails import delivered, pack_order
from tests.databases.processes import KILLED, kill_process, run_process
from tests.databases.shared_daraja import SharedDaraja
from tests.databases.threads import new_payment
from tests.shop import new_order, post

pytestmark = [pytest.mark.disasters, pytest.mark.django_db(transaction=True)]

TIMES = range(20)

Order = get_model("order", "Order")
StockRecord = get_model("partner", "StockRecord")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    return tmp_path / "pushes"


@pytest.fixture
def daraja(settings: Any, credentials: None, tmp_path: Path, notes: Path) -> Iterator[SharedDaraja]:
    """Share Daraja, an email file and the shop's receiver among all processes."""
    settings.EMAIL_BACKEND = "tests.databases.emails.FileBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path / "emails.txt")
    order_paid.connect(pack_order)
    shared = SharedDaraja(notes)
    with replaced_transport(shared):
        yield shared
    order_paid.disconnect(pack_order)


# What the workers do, each in its own process and with its own receivers.


def place_and_push(
    order: Any, clock: Clock, transport: SharedDaraja, *, after_commit: Callable[[], Any] = bool
) -> None:
    """Commit a payment and send its push, as the checkout does."""
    with replaced_transport(transport), transaction.atomic():
        payment = start_payment(order, phone=PhoneNumber.parse(f"25471{order.pk:07}"), now=clock.now)
        transaction.on_commit(after_commit)
        transaction.on_commit(partial(send_stk_push, payment, now=clock.now), robust=True)


def post_callback(path: str, body: bytes, *, first: Callable[[], object]) -> None:
    """Post a callback to its view, after ``first``."""
    first()
    Client().generic("POST", path, body)


def reconcile_and_die(clock: Clock) -> None:
    """Run ``reconcile`` with a receiver that kills the process when an order is closed."""
    order_status_changed.connect(kill_process)
    list(reconcile(lambda: clock.now))


def break_emails(backend: str) -> None:
    shop_settings.EMAIL_BACKEND = f"tests.databases.emails.{backend}"


def kill_at_callbacks(daraja: SharedDaraja, clock: Clock, first: Callable[[], object]) -> None:
    """Send twenty payments' callbacks, each to a process that is killed while it processes it."""
    for payment in [new_payment(now=clock.now) for _ in TIMES]:
        path = reverse("oscar_mpesa:hook", args=[payment.secret])
        assert run_process(partial(post_callback, path, daraja.pay(payment), first=first)) == KILLED


# What must be true in the end.


def statuses() -> dict[str, int]:
    return Counter(MpesaPayment.objects.values_list("status", flat=True))


def assert_money_counts_once(daraja: SharedDaraja, *, emails: int = 1, calls: int = 1) -> None:
    """Assert that Safaricom's ledger, our receipts, Oscar's books, the stock and the messages agree.

    ``emails`` and ``calls`` are how often the shopper and the shop's code hear of a paid order.
    They hear twice if the process is killed between the delivery and its record.
    """
    assert dict(MpesaReceipt.objects.values_list("number", "amount")) == daraja.ledger
    assert max(Counter(daraja.pushes).values(), default=0) <= 1
    deliveries = Counter(delivered())
    for order in Order.objects.prefetch_related("sources__transactions", "payment_events", "mpesa_receipts"):
        numbers = [receipt.number for receipt in order.mpesa_receipts.all()]
        assert (len(numbers), order.status) in {(1, "Being processed"), (0, "Payment expired")}
        assert [(each.reference, each.amount_debited) for each in order.sources.all()] == [(n, 1500) for n in numbers]
        assert [each.reference for source in order.sources.all() for each in source.transactions.all()] == numbers
        assert [each.reference for each in order.payment_events.all()] == numbers
        assert order.mpesa.is_closed is not bool(numbers)
        assert deliveries[f"Confirmation of order {order.number}"] == emails * len(numbers)
        assert deliveries[f"Pack order {order.number}"] == calls * len(numbers)
        assert (
            deliveries[f"TEST: Order {order.number} is closed"]
            == order.mpesa.events.filter(type="order_closed").count()
            <= 1
        )
    allocated = sum(record.num_allocated or 0 for record in StockRecord.objects.all())
    assert allocated == len(daraja.ledger)


def test_killed_before_the_push_is_reserved_sends_nothing_later(daraja: SharedDaraja, clock: Clock) -> None:
    orders = [new_order() for _ in TIMES]

    ends = [run_process(partial(place_and_push, order, clock, daraja, after_commit=kill_process)) for order in orders]
    statuses_left = statuses()
    clock.run_until_done()

    assert set(ends) == {KILLED}
    assert statuses_left == {"pending": 20}
    assert statuses() == {"failed": 20}
    assert daraja.pushes == []
    assert_money_counts_once(daraja)


@pytest.mark.parametrize("step", ["oauth", "push"])
def test_killed_after_reserving_the_push_sends_nothing_again(
    daraja: SharedDaraja, clock: Clock, notes: Path, step: str
) -> None:
    orders = [new_order() for _ in TIMES]
    killing_daraja = SharedDaraja(notes, killed_at=step)

    ends = [run_process(partial(place_and_push, order, clock, killing_daraja)) for order in orders]
    statuses_left = statuses()
    clock.run_until_done()

    assert set(ends) == {KILLED}
    assert statuses_left == {"processing": 20}
    assert statuses() == {"expired": 20}
    assert daraja.pushes == []
    assert_money_counts_once(daraja)


def test_killed_before_the_push_reply_is_stored_later_money_pays(
    daraja: SharedDaraja, clock: Clock, notes: Path
) -> None:
    """Test money that comes at once, after the payment expired, after its order closed, and never."""
    orders = [new_order() for _ in TIMES]
    killing_daraja = SharedDaraja(notes, killed_at="reply")

    ends = [run_process(partial(place_and_push, order, clock, killing_daraja)) for order in orders]
    statuses_left = statuses()
    payments = list(MpesaPayment.objects.order_by("pk"))
    for minutes, paying in ((0, payments[0::4]), (4, payments[1::4]), (40, payments[2::4])):
        clock.run_minutes(minutes)
        for payment in paying:
            post(payment, daraja.pay(payment), now=clock.now)
    released_first = MpesaOrder.objects.filter(events__type="order_reopened").count()
    clock.run_until_done()

    assert set(ends) == {KILLED}
    assert statuses_left == {"processing": 20}
    assert sorted(daraja.pushes) == sorted(payment.secret for payment in payments)
    assert released_first == 5
    assert statuses() == {"completed": 15, "expired": 5}
    assert_money_counts_once(daraja)


def test_killed_after_storing_a_callback_processes_it_a_minute_later(daraja: SharedDaraja, clock: Clock) -> None:
    kill_at_callbacks(daraja, clock, partial(post_save.connect, kill_process, sender=MpesaCallback))
    kept = Counter(MpesaCallback.objects.values_list("verdict", flat=True))
    statuses_left = statuses()

    clock.run_until_done()

    assert kept == {"received": 20}
    assert statuses_left == {"processing": 20}
    assert_money_counts_once(daraja)


def test_killed_while_booking_leaves_no_part_and_books_again(daraja: SharedDaraja, clock: Clock) -> None:
    kill_at_callbacks(daraja, clock, partial(order_status_changed.connect, kill_process))
    kept = Counter(MpesaCallback.objects.values_list("verdict", flat=True))
    statuses_left = statuses()
    receipts = MpesaReceipt.objects.count()

    clock.run_until_done()

    assert kept == {"received": 20}
    assert statuses_left == {"processing": 20}
    assert receipts == 0
    assert_money_counts_once(daraja)


@pytest.mark.parametrize(
    ("first", "emails", "calls"),
    [
        pytest.param(partial(order_paid.connect, kill_process), 1, 2, id="after the shop's receiver"),
        pytest.param(partial(break_emails, "KilledBeforeSending"), 1, 1, id="before the email is sent"),
        pytest.param(partial(break_emails, "KilledAfterSending"), 2, 1, id="after the email is sent"),
    ],
)
def test_killed_after_booking_delivers_all_messages(
    daraja: SharedDaraja, clock: Clock, first: Callable[[], object], emails: int, calls: int
) -> None:
    """Test that only a process killed between a delivery and its record delivers twice."""
    kill_at_callbacks(daraja, clock, first)
    statuses_left = statuses()

    clock.run_until_done()

    assert statuses_left == {"completed": 20}
    assert_money_counts_once(daraja, emails=emails, calls=calls)


def test_killed_while_closing_an_order_releases_stock_once(daraja: SharedDaraja, clock: Clock) -> None:
    for _ in TIMES:
        new_payment(now=clock.now)
    clock.run_minutes(29)
    clock.now += timedelta(minutes=1)

    ends = [run_process(partial(reconcile_and_die, clock)) for _ in TIMES]
    statuses_left = Counter(Order.objects.values_list("status", flat=True))
    clock.run_until_done()

    assert set(ends) == {KILLED}
    assert statuses_left == {"Pending payment": 20}
    assert_money_counts_once(daraja)
