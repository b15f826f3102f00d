"""The shop's own code can change orders while the app writes its books. The app follows after the commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.db.models.signals import post_save
from django.db.transaction import TransactionManagementError
from oscar.apps.order.signals import order_status_changed
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaAllocation
from oscar_mpesa.oscar_adapter.own_changes import current_change, own_change
from oscar_mpesa.oscar_adapter.receivers import follow_status
from oscar_mpesa.services.allocation import reverse_allocation
from oscar_mpesa.services.ledger_check import check_ledger
from oscar_mpesa.services.order_closure import close_order
from tests.oscar_adapter.books import net_of_books, payment_events
from tests.services.money import (
    FIRST,
    SECOND,
    balance,
    books,
    claim_for,
    expired_order,
    money,
    order_of,
    paid_order,
    row,
    set_status,
    signals,
)
from tests.shop import CANCELS, failure, later, new_order, new_payment, pay, post

pytestmark = pytest.mark.django_db(transaction=True)

Order = get_model("order", "Order")
PaymentEvent = get_model("order", "PaymentEvent")
Source = get_model("payment", "Source")
StockRecord = get_model("partner", "StockRecord")


@contextmanager
def receiver_of(model: Any, act: Callable[[Any], None]) -> Iterator[None]:
    """Let the shop's code act on each saved row of a model."""

    def receive(*, instance: Any, **_kwargs: Any) -> None:
        act(instance)

    post_save.connect(receive, sender=model)
    yield
    post_save.disconnect(receive, sender=model)


@contextmanager
def receiver_of_paid_status(act: Callable[[Any], None]) -> Iterator[None]:
    """Let the shop's code act when an order gets the paid status."""

    def receive(*, order: Any, new_status: str, **_kwargs: Any) -> None:
        if new_status == "Being processed":
            act(order)

    order_status_changed.connect(receive)
    yield
    order_status_changed.disconnect(receive)


def differences() -> list[str]:
    return [str(each) for each in check_ledger()]


def test_order_canceled_while_it_is_booked_gives_back_its_money() -> None:
    with receiver_of_paid_status(lambda order: set_status(order, "Cancelled")):
        order = paid_order()

    assert (order_of(order).status, balance(order), row(order).close_reason) == ("Cancelled", (False, 0), "staff")
    assert money() == ("unmatched", 1500, "order_canceled")
    assert MpesaAllocation.objects.get().reversed_at is not None
    assert (net_of_books(order), differences()) == (0, [])


def test_order_canceled_while_it_is_booked_is_not_announced_as_paid() -> None:
    with receiver_of_paid_status(lambda order: set_status(order, "Cancelled")):
        order = paid_order()
    other = order_of(pay(new_payment(new_order()), number=SECOND))

    assert (signals(order), signals(other)) == ([], ["order_paid 1"])


def test_late_money_of_an_order_canceled_by_the_shop_closes_it_again() -> None:
    payment = expired_order()

    with receiver_of_paid_status(lambda order: set_status(order, "Cancelled")):
        pay(payment, number=FIRST, now=later(9100))

    order = order_of(payment)
    assert (order.status, balance(order), row(order).is_closed) == ("Cancelled", (False, 0), True)
    assert (money(), signals(order), differences()) == (("unmatched", 1500, "order_canceled"), [], [])


def test_order_that_is_booked_keeps_its_money() -> None:
    order = paid_order()

    assert money() == ("matched", 0, "")
    assert net_of_books(order) == 1500


def test_status_set_by_the_shop_at_the_payment_event_books_money_once() -> None:
    with receiver_of(PaymentEvent, lambda event: set_status(event.order, "Being processed")):
        order = paid_order()

    assert (order_of(order).status, balance(order), signals(order)) == ("Being processed", (True, 0), ["order_paid 1"])
    assert (net_of_books(order), order.sources.count(), payment_events(order)) == (1500, 1, [("Paid", 1500, FIRST, 1)])
    assert differences() == []


def test_order_canceled_by_the_shop_at_a_reversal_is_reversed_once(boss: Any) -> None:
    order = paid_order()

    def cancel(event: Any) -> None:
        if event.amount < 0:
            set_status(event.order, "Cancelled")

    with receiver_of(PaymentEvent, cancel):
        reverse_allocation(MpesaAllocation.objects.get(), by=boss, note="wrong", now=later(450))

    assert (order_of(order).status, row(order).is_closed) == ("Cancelled", True)
    assert [each[:2] for each in payment_events(order)] == [("Paid", 1500), ("Reversal", -1500)]
    assert (books(order), differences()) == (0, [])


def test_another_order_canceled_while_one_is_booked_gives_back_its_money() -> None:
    other = paid_order()

    with receiver_of_paid_status(lambda _: set_status(other, "Cancelled")):
        order = order_of(pay(new_payment(new_order()), number=SECOND))

    assert (balance(order), money(SECOND)) == ((True, 0), ("matched", 0, ""))
    assert (balance(other), money()) == ((False, 0), ("unmatched", 1500, "order_canceled"))
    assert signals(other) == ["order_paid 1", "order_unpaid 1"]


def test_another_order_that_gets_the_same_status_meanwhile_is_reopened() -> None:
    other = expired_order()

    with receiver_of_paid_status(lambda _: set_status(other.mpesa_order.order, "Being processed")):
        pay(new_payment(new_order()), number=SECOND)

    assert (order_of(other).status, row(order_of(other)).is_closed) == ("Being processed", False)


def test_another_order_that_gets_a_new_total_meanwhile_is_assessed() -> None:
    other = paid_order()

    def make_cheaper(_: Any) -> None:
        Order.objects.filter(pk=other.pk).update(total_incl_tax=900)
        order_of(other).save()

    with receiver_of_paid_status(make_cheaper):
        pay(new_payment(new_order()), number=SECOND)

    assert money() == ("overpaid", 600, "order_paid")


def test_columns_that_the_shop_writes_while_an_order_is_booked_stay() -> None:
    def write(source: Any) -> None:
        Order.objects.filter(pk=source.order_id).update(guest_email="shopper@example.com")

    with receiver_of(Source, write):
        order = order_of(paid_order())

    assert (order.guest_email, order.status) == ("shopper@example.com", "Being processed")


def test_columns_that_the_shop_writes_while_stock_is_released_stay(boss: Any) -> None:
    def write(_: Any) -> None:
        Order.objects.update(guest_email="shopper@example.com")

    payment = new_payment(phone=CANCELS)
    post(payment, failure(payment), now=later(10))
    with receiver_of(StockRecord, write):
        close_order(order_of(payment), by=boss, now=later(20))

    order = order_of(payment)
    assert (order.guest_email, order.status) == ("shopper@example.com", "Payment expired")


def test_columns_that_the_shop_writes_while_an_order_is_reopened_stay(boss: Any) -> None:
    def write(_: Any) -> None:
        Order.objects.update(guest_email="shopper@example.com")

    closed = order_of(expired_order())
    with receiver_of(StockRecord, write):
        claim_for(closed, boss, amount=500, at=9100)

    order = order_of(closed)
    assert (order.guest_email, order.status) == ("shopper@example.com", "Pending payment")


def test_reversal_by_the_shop_while_money_is_booked_stays(boss: Any) -> None:
    def unmatch(source: Any) -> None:
        for entry in MpesaAllocation.objects.active().filter(order=source.order):
            reverse_allocation(entry, by=boss, note="fraud", now=later(5))

    with receiver_of(Source, unmatch):
        paid_order()

    entry = MpesaAllocation.objects.get()
    assert (entry.reversed_at, entry.booked_at, entry.reversal_note) == (later(5), later(0), "fraud")


def test_total_that_the_shop_writes_while_an_order_is_booked_is_assessed() -> None:
    def make_dearer(source: Any) -> None:
        Order.objects.filter(pk=source.order_id).update(total_incl_tax=Decimal(2000))

    with receiver_of(Source, make_dearer):
        order = order_of(paid_order())

    assert (order.total_incl_tax, balance(order)) == (2000, (False, 500))
    assert differences() == []


def test_a_change_ends_with_its_block() -> None:
    order = new_order()

    with own_change(order, "Payment expired"):
        own = current_change()

    assert own is not None
    assert (own.order_id, own.status, own.total) == (order.pk, "Payment expired", 1500)
    assert current_change() is None


def test_status_in_a_transaction_that_is_undone_is_not_written_again() -> None:
    order = new_order(status="Payment expired")

    with pytest.raises(TransactionManagementError):
        follow_in_undone_transaction(order)

    assert order.status == "Pending payment"
    order.refresh_from_db()
    assert order.status == "Payment expired"


@transaction.atomic
def follow_in_undone_transaction(order: Any) -> None:
    transaction.set_rollback(True)
    follow_status(order=order, old_status="Pending payment")
