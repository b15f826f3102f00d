"""Retry bookings that the shop's own code refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import pytest
from django.db import OperationalError
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaAllocation
from oscar_mpesa.services.allocation import allocate, reverse_allocation
from oscar_mpesa.services.booking_retries import due_bookings, retry_booking
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.reconciliation import reconcile
from tests.services.concurrent_changes import broken_books, broken_shop, just_before
from tests.services.money import FIRST, PERMISSIONS, balance, books, money, order_of, receipt, row, signals
from tests.shop import later, new_order, new_payment, new_staff_user, pay, post, query_update, success

pytestmark = pytest.mark.django_db(transaction=True)

Order = get_model("order", "Order")


#: What MariaDB raises.
DEADLOCK = OperationalError(1213, "Deadlock found when trying to get lock; try restarting transaction")


class Killed(BaseException):
    """The process ends."""


def raising(error: BaseException) -> Callable[[], NoReturn]:
    def act() -> NoReturn:
        raise error

    return act


def refused_order() -> Any:
    """Create an order with money that the shop's own code refused to book."""
    payment = new_payment()
    with broken_books():
        pay(payment, number=FIRST)
    return order_of(payment)


def test_order_canceled_before_the_retry_is_neither_booked_nor_announced() -> None:
    order = refused_order()
    Order.objects.update(status="Cancelled")

    done = retry_booking(due_bookings(later(600)).get(), now=later(600))

    assert (done, balance(order), books(order), signals(order)) == (True, (False, 0), 0, [])
    assert (money(), row(order).is_closed) == (("unmatched", 1500, "order_canceled"), True)


def test_last_try_that_is_killed_is_tried_again() -> None:
    order = refused_order()
    MpesaAllocation.objects.update(tries=11, next_try_at=later(600))
    with just_before('INSERT INTO "payment_source"', raising(Killed())), pytest.raises(Killed):
        retry_booking(due_bookings(later(600)).get(), now=later(600))
    own = MpesaAllocation.objects.get()
    in_between = (own.tries, own.next_try_at)

    list(reconcile(lambda: later(600 + 2048 * 60)))

    assert in_between == (11, later(600 + 2048 * 60))
    assert (books(order), signals(order)) == (1500, ["order_paid 1"])


def test_last_try_that_is_refused_is_the_last() -> None:
    refused_order()
    MpesaAllocation.objects.update(tries=11, next_try_at=later(600))

    with broken_shop():
        done = retry_booking(due_bookings(later(600)).get(), now=later(600))

    own = MpesaAllocation.objects.get()
    assert (done, own.tries, own.next_try_at) == (False, 12, None)


def test_retry_that_a_deadlock_undid_is_repeated() -> None:
    order = refused_order()

    with just_before('INSERT INTO "payment_source"', raising(DEADLOCK)):
        done = retry_booking(due_bookings(later(600)).get(), now=later(600))

    assert (done, books(order), signals(order)) == (True, 1500, ["order_paid 1"])


def test_late_code_of_unbooked_moved_money_waits_for_its_retry() -> None:
    payment, other, boss = new_payment(), new_order(status="Pending"), new_staff_user(*PERMISSIONS)
    apply_update(payment, query_update("0"), now=later(20))
    reverse_allocation(MpesaAllocation.objects.get(), by=boss, note="another order's", now=later(30))
    with broken_books():
        allocate(receipt(None), other, by=boss, now=later(40))
    payment.refresh_from_db()
    post(payment, success(payment, number=FIRST), now=later(50))
    in_between = (books(other), MpesaAllocation.objects.active().get().next_try_at)

    list(reconcile(lambda: later(100)))

    assert in_between == (0, later(100))
    assert (books(other), other.sources.get().reference, signals(other)) == (1500, FIRST, ["order_paid 1"])
