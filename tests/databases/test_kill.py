"""A worker is killed at the worst moments: what it had begun is ended by others, once, and no money is lost or made."""

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
from tests.databases.concurrency import Clock
from tests.databases.crowd import new_payment
from tests.databases.emails import delivered, tell_the_shop
from tests.databases.event_rows import NotedDaraja
from tests.databases.processes import KILLED, die, in_a_process
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
def daraja(settings: Any, credentials: None, tmp_path: Path, notes: Path) -> Iterator[NotedDaraja]:
    """Safaricom, a mail server and the shop's packers, as every process sees them."""
    settings.EMAIL_BACKEND = "tests.databases.emails.Letterbox"
    settings.EMAIL_FILE_PATH = str(tmp_path / "letters")
    order_paid.connect(tell_the_shop)
    noted = NotedDaraja(notes)
    with replaced_transport(noted):
        yield noted
    order_paid.disconnect(tell_the_shop)


# What the workers do; each in a process of its own, and with the shop's own code of its own.


def places(order: Any, clock: Clock, wire: NotedDaraja, *, after_commit: Callable[[], object] = bool) -> None:
    """What the checkout does at the end: a payment is committed, and then its prompt is sent."""
    with replaced_transport(wire), transaction.atomic():
        payment = start_payment(order, phone=PhoneNumber.parse(f"25471{order.pk:07}"), now=clock.now)
        transaction.on_commit(after_commit)
        transaction.on_commit(partial(send_stk_push, payment, now=clock.now), robust=True)


def hears(path: str, body: bytes, *, first: Callable[[], object]) -> None:
    """What the callback's view does."""
    first()
    Client().generic("POST", path, body)


def looks_after_the_shop(clock: Clock) -> None:
    """What cron does; the shop's own code dies of a closed order."""
    order_status_changed.connect(die)
    list(reconcile(lambda: clock.now))


def mails_die(how: str) -> None:
    shop_settings.EMAIL_BACKEND = f"tests.databases.emails.{how}"


def kill_at_callbacks(daraja: NotedDaraja, clock: Clock, first: Callable[[], object]) -> None:
    """Twenty paid prompts whose callbacks kill the process that takes them in."""
    for payment in [new_payment(now=clock.now) for _ in TIMES]:
        path = reverse("oscar_mpesa:hook", args=[payment.secret])
        assert in_a_process(partial(hears, path, daraja.takes_money(payment), first=first)) == KILLED


# What must be true in the end.


def statuses() -> dict[str, int]:
    return Counter(MpesaPayment.objects.values_list("status", flat=True))


def assert_every_shilling_is_there_once(daraja: NotedDaraja, *, mails: int = 1, calls: int = 1) -> None:
    """Safaricom's ledger, our receipts and the shop's books agree; who did not pay keeps nothing; everybody was told.

    ``mails`` and ``calls`` are how often the shopper and the shop's code were told that an order is paid: more than
    once where a process was killed after it had told them.
    """
    assert dict(MpesaReceipt.objects.values_list("number", "amount")) == daraja.ledger
    assert max(Counter(daraja.pushes).values(), default=0) <= 1
    told = Counter(delivered())
    for order in Order.objects.prefetch_related("sources__transactions", "payment_events", "mpesa_receipts"):
        numbers = [receipt.number for receipt in order.mpesa_receipts.all()]
        assert (len(numbers), order.status) in {(1, "Being processed"), (0, "Payment expired")}
        assert [(each.reference, each.amount_debited) for each in order.sources.all()] == [(n, 1500) for n in numbers]
        assert [each.reference for source in order.sources.all() for each in source.transactions.all()] == numbers
        assert [each.reference for each in order.payment_events.all()] == numbers
        assert order.mpesa.is_closed is not bool(numbers)
        assert told[f"Confirmation of order {order.number}"] == mails * len(numbers)
        assert told[f"Pack order {order.number}"] == calls * len(numbers)
        assert (
            told[f"TEST: Order {order.number} is closed"] == order.mpesa.events.filter(type="order_closed").count() <= 1
        )
    allocated = sum(record.num_allocated or 0 for record in StockRecord.objects.all())
    assert allocated == len(daraja.ledger)


def test_killed_between_the_commit_and_the_claim_it_sent_nothing_and_nobody_sends_it_late(
    daraja: NotedDaraja, clock: Clock
) -> None:
    orders = [new_order() for _ in TIMES]

    ends = [in_a_process(partial(places, order, clock, daraja, after_commit=die)) for order in orders]
    left_behind = statuses()
    clock.until_nothing_is_due()

    assert set(ends) == {KILLED}
    assert left_behind == {"pending": 20}
    assert statuses() == {"failed": 20}
    assert daraja.pushes == []
    assert_every_shilling_is_there_once(daraja)


@pytest.mark.parametrize("step", ["oauth", "push"])
def test_killed_between_the_claim_and_the_push_it_sent_nothing_and_nobody_sends_it_again(
    daraja: NotedDaraja, clock: Clock, notes: Path, step: str
) -> None:
    orders = [new_order() for _ in TIMES]
    deadly = NotedDaraja(notes, dies_at=step)

    ends = [in_a_process(partial(places, order, clock, deadly)) for order in orders]
    left_behind = statuses()
    clock.until_nothing_is_due()

    assert set(ends) == {KILLED}
    assert left_behind == {"processing": 20}
    assert statuses() == {"expired": 20}
    assert daraja.pushes == []
    assert_every_shilling_is_there_once(daraja)


def test_killed_before_the_answer_to_the_push_was_kept_whatever_the_phone_pays_finds_its_order(
    daraja: NotedDaraja, clock: Clock, notes: Path
) -> None:
    """Paid at once, after the attempt was given up, after the order was, and never."""
    orders = [new_order() for _ in TIMES]
    deadly = NotedDaraja(notes, dies_at="reply")

    ends = [in_a_process(partial(places, order, clock, deadly)) for order in orders]
    left_behind = statuses()
    payments = list(MpesaPayment.objects.order_by("pk"))
    for minutes, paying in ((0, payments[0::4]), (4, payments[1::4]), (40, payments[2::4])):
        clock.passes(minutes)
        for payment in paying:
            post(payment, daraja.takes_money(payment), now=clock.now)
    released_first = MpesaOrder.objects.filter(events__type="order_reopened").count()
    clock.until_nothing_is_due()

    assert set(ends) == {KILLED}
    assert left_behind == {"processing": 20}
    assert sorted(daraja.pushes) == sorted(payment.secret for payment in payments)
    assert released_first == 5
    assert statuses() == {"completed": 15, "expired": 5}
    assert_every_shilling_is_there_once(daraja)


def test_killed_when_a_callback_was_kept_and_nothing_more_it_is_believed_a_minute_later(
    daraja: NotedDaraja, clock: Clock
) -> None:
    kill_at_callbacks(daraja, clock, partial(post_save.connect, die, sender=MpesaCallback))
    kept = Counter(MpesaCallback.objects.values_list("verdict", flat=True))
    left_behind = statuses()

    clock.until_nothing_is_due()

    assert kept == {"received": 20}
    assert left_behind == {"processing": 20}
    assert_every_shilling_is_there_once(daraja)


def test_killed_while_it_wrote_the_shops_books_nothing_of_them_is_left_and_all_is_written_again(
    daraja: NotedDaraja, clock: Clock
) -> None:
    kill_at_callbacks(daraja, clock, partial(order_status_changed.connect, die))
    kept = Counter(MpesaCallback.objects.values_list("verdict", flat=True))
    left_behind = statuses()
    receipts = MpesaReceipt.objects.count()

    clock.until_nothing_is_due()

    assert kept == {"received": 20}
    assert left_behind == {"processing": 20}
    assert receipts == 0
    assert_every_shilling_is_there_once(daraja)


@pytest.mark.parametrize(
    ("first", "mails", "calls"),
    [
        pytest.param(partial(order_paid.connect, die), 1, 2, id="when the shop's code was told"),
        pytest.param(partial(mails_die, "DiesBeforeSending"), 1, 1, id="before the mail left"),
        pytest.param(partial(mails_die, "DiesAfterSending"), 2, 1, id="when the mail had left"),
    ],
)
def test_killed_after_the_books_were_written_everybody_is_told_all_the_same(
    daraja: NotedDaraja, clock: Clock, first: Callable[[], object], mails: int, calls: int
) -> None:
    """Killed between the telling and our note of it, nobody can know: then, and only then, the same is told twice."""
    kill_at_callbacks(daraja, clock, first)
    left_behind = statuses()

    clock.until_nothing_is_due()

    assert left_behind == {"completed": 20}
    assert_every_shilling_is_there_once(daraja, mails=mails, calls=calls)


def test_killed_while_it_gave_up_an_order_its_things_go_back_once(daraja: NotedDaraja, clock: Clock) -> None:
    for _ in TIMES:
        new_payment(now=clock.now)
    clock.passes(29)
    clock.now += timedelta(minutes=1)

    ends = [in_a_process(partial(looks_after_the_shop, clock)) for _ in TIMES]
    left_behind = Counter(Order.objects.values_list("status", flat=True))
    clock.until_nothing_is_due()

    assert set(ends) == {KILLED}
    assert left_behind == {"Pending payment": 20}
    assert_every_shilling_is_there_once(daraja)
