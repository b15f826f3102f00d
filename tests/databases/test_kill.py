"""A killed worker's job is finished by another one, once, and no money is lost or doubled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
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
from tests.databases.books import assert_money_counts_once, statuses
from tests.databases.clock import Clock
from tests.databases.processes import KILLED, kill_process, run_process
from tests.databases.shared_daraja import SharedDaraja
from tests.databases.threads import new_payment
from tests.shop import new_order, post

pytestmark = [pytest.mark.disasters, pytest.mark.django_db(transaction=True)]

TIMES = range(20)

Order = get_model("order", "Order")


# What the workers do, each in its own process and with its own receivers.


def place_and_push(
    order: Any, clock: Clock, transport: SharedDaraja, *, after_commit: Callable[[], Any] = bool
) -> None:
    """Commit a payment and send its push, as the checkout does."""
    with replaced_transport(transport), transaction.atomic():
        payment = start_payment(order, phone=PhoneNumber.parse(f"25471{order.pk:07}"), now=clock.now)
        transaction.on_commit(after_commit)
        transaction.on_commit(lambda: send_stk_push(payment, now=clock.now), robust=True)


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


def kill_at_callbacks(shared_daraja: SharedDaraja, clock: Clock, first: Callable[[], object]) -> None:
    """Send twenty payments' callbacks, each to a process that is killed while it processes it."""
    for payment in [new_payment(now=clock.now) for _ in TIMES]:
        path = reverse("oscar_mpesa:hook", args=[payment.secret])
        assert run_process(partial(post_callback, path, shared_daraja.pay(payment), first=first)) == KILLED


def test_killed_before_the_push_is_reserved_sends_nothing_later(shared_daraja: SharedDaraja, clock: Clock) -> None:
    orders = [new_order() for _ in TIMES]

    ends = [
        run_process(partial(place_and_push, order, clock, shared_daraja, after_commit=kill_process)) for order in orders
    ]
    statuses_left = statuses()
    clock.run_until_done()

    assert set(ends) == {KILLED}
    assert statuses_left == {"pending": 20}
    assert statuses() == {"failed": 20}
    assert shared_daraja.pushes == []
    assert_money_counts_once(shared_daraja)


@pytest.mark.parametrize("step", ["oauth", "push"])
def test_killed_after_reserving_the_push_sends_nothing_again(
    shared_daraja: SharedDaraja, clock: Clock, notes: Path, step: str
) -> None:
    orders = [new_order() for _ in TIMES]
    killing_daraja = SharedDaraja(notes, killed_at=step)

    ends = [run_process(partial(place_and_push, order, clock, killing_daraja)) for order in orders]
    statuses_left = statuses()
    clock.run_until_done()

    assert set(ends) == {KILLED}
    assert statuses_left == {"processing": 20}
    assert statuses() == {"expired": 20}
    assert shared_daraja.pushes == []
    assert_money_counts_once(shared_daraja)


def test_killed_before_the_push_reply_is_stored_later_money_pays(
    shared_daraja: SharedDaraja, clock: Clock, notes: Path
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
            post(payment, shared_daraja.pay(payment), now=clock.now)
    released_first = MpesaOrder.objects.filter(events__type="order_reopened").count()
    clock.run_until_done()

    assert set(ends) == {KILLED}
    assert statuses_left == {"processing": 20}
    assert sorted(shared_daraja.pushes) == sorted(payment.secret for payment in payments)
    assert released_first == 5
    assert statuses() == {"completed": 15, "expired": 5}
    assert_money_counts_once(shared_daraja)


def test_killed_after_storing_a_callback_processes_it_a_minute_later(shared_daraja: SharedDaraja, clock: Clock) -> None:
    kill_at_callbacks(shared_daraja, clock, partial(post_save.connect, kill_process, sender=MpesaCallback))
    kept = Counter(MpesaCallback.objects.values_list("verdict", flat=True))
    statuses_left = statuses()

    clock.run_until_done()

    assert kept == {"received": 20}
    assert statuses_left == {"processing": 20}
    assert_money_counts_once(shared_daraja)


def test_killed_while_booking_leaves_no_part_and_books_again(shared_daraja: SharedDaraja, clock: Clock) -> None:
    kill_at_callbacks(shared_daraja, clock, partial(order_status_changed.connect, kill_process))
    kept = Counter(MpesaCallback.objects.values_list("verdict", flat=True))
    statuses_left = statuses()
    receipts = MpesaReceipt.objects.count()

    clock.run_until_done()

    assert kept == {"received": 20}
    assert statuses_left == {"processing": 20}
    assert receipts == 0
    assert_money_counts_once(shared_daraja)


@pytest.mark.parametrize(
    ("first", "emails", "calls"),
    [
        pytest.param(partial(order_paid.connect, kill_process), 1, 2, id="after the shop's receiver"),
        pytest.param(partial(break_emails, "KilledBeforeSending"), 1, 1, id="before the email is sent"),
        pytest.param(partial(break_emails, "KilledAfterSending"), 2, 1, id="after the email is sent"),
    ],
)
def test_killed_after_booking_delivers_all_messages(
    shared_daraja: SharedDaraja, clock: Clock, first: Callable[[], object], emails: int, calls: int
) -> None:
    """Test that only a process killed between a delivery and its record delivers twice."""
    kill_at_callbacks(shared_daraja, clock, first)
    statuses_left = statuses()

    clock.run_until_done()

    assert statuses_left == {"completed": 20}
    assert_money_counts_once(shared_daraja, emails=emails, calls=calls)


def test_killed_while_closing_an_order_releases_stock_once(shared_daraja: SharedDaraja, clock: Clock) -> None:
    for _ in TIMES:
        new_payment(now=clock.now)
    clock.run_minutes(29)
    clock.now += timedelta(minutes=1)

    ends = [run_process(partial(reconcile_and_die, clock)) for _ in TIMES]
    statuses_left = Counter(Order.objects.values_list("status", flat=True))
    clock.run_until_done()

    assert set(ends) == {KILLED}
    assert statuses_left == {"Pending payment": 20}
    assert_money_counts_once(shared_daraja)
