"""The shop changes a status without a signal, or its own code raises: the order is followed all the same."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaOrder
from oscar_mpesa.services.ledger_check import check_ledger
from oscar_mpesa.services.reconciliation import Kind, reconcile
from tests.services.concurrent_changes import broken_stock
from tests.services.money import (
    PERMISSIONS,
    balance,
    claim_for,
    expired_order,
    money,
    order_of,
    paid_order,
    row,
    set_status,
    signals,
)
from tests.shop import CANCELS, failure, later, new_order, new_payment, new_staff_user, post

pytestmark = pytest.mark.django_db(transaction=True)

Order = get_model("order", "Order")
StockRecord = get_model("partner", "StockRecord")


@pytest.fixture(autouse=True)
def _without_thread(settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "WAKE": ""}


def allocated() -> int:
    return int(StockRecord.objects.get().num_allocated or 0)


def followed(at: float) -> list[int]:
    """Run one pass; return the orders whose changes it followed."""
    return [step.pk for step in reconcile(lambda: later(at)) if step.kind is Kind.CHANGE]


@pytest.mark.parametrize("how", ["save", "update"])
def test_order_canceled_without_a_signal_frees_its_money_once(how: str) -> None:
    order = paid_order()
    before = followed(60)
    if how == "save":
        order.status = "Cancelled"
        order.save()
    else:
        Order.objects.update(status="Cancelled")

    first, second = followed(120), followed(180)

    assert (before, first, second) == ([], [order.pk], [])
    assert (money(), balance(order)) == (("unmatched", 1500, "order_canceled"), (False, 0))
    assert (allocated(), signals(order)) == (0, ["order_paid 1", "order_unpaid 1"])
    assert list(check_ledger()) == []


def test_closed_order_that_goes_on_without_a_signal_takes_its_stock() -> None:
    order = order_of(expired_order())
    Order.objects.update(status="Being processed")

    assert followed(3600) == [order.pk]
    assert (row(order).is_closed, allocated()) == (False, 1)


def test_closed_order_that_goes_on_sold_out_stays_closed(caplog: pytest.LogCaptureFixture) -> None:
    order = order_of(expired_order())
    StockRecord.objects.update(num_in_stock=0)
    Order.objects.update(status="Being processed")

    first, second = followed(3600), followed(3660)

    assert (first, second, row(order).is_closed) == ([order.pk], [], True)
    assert f"M-PESA order {order.pk}: it goes on, but its items are not all in stock" in caplog.text


def test_status_is_restored_if_the_shop_raises_when_it_is_followed() -> None:
    order = order_of(expired_order())

    with broken_stock(), pytest.raises(RuntimeError, match="stock is broken"):
        set_status(order, "Being processed")

    assert (order_of(order).status, row(order).is_closed, allocated()) == ("Payment expired", True, 0)


# The process ends between the commit of a cancellation and the closure that follows it


class Killed(BaseException):
    """End the process, as a signal does."""


def die() -> None:
    raise Killed


@transaction.atomic
def cancel_and_die(order: Any) -> None:
    """Cancel an order, and end the process right after the commit."""
    transaction.on_commit(die)
    set_status(order, "Cancelled")


@pytest.mark.parametrize(("at", "kind"), [(120, Kind.CHANGE), (30 * 86_400, Kind.ORDER)], ids=["soon", "weeks later"])
def test_canceled_order_is_closed_by_reconcile_if_the_process_ends(at: float, kind: Kind) -> None:
    order = paid_order()
    list(reconcile(lambda: later(at - 60)))
    MpesaOrder.objects.exclude(close_check_at=None).update(close_check_at=later(1800))

    with pytest.raises(Killed):
        cancel_and_die(order)
    between = (order_of(order).status, row(order).is_closed, allocated())
    MpesaOrder.objects.exclude(close_check_at=None).update(close_check_at=later(at))
    steps = [step.kind for step in reconcile(lambda: later(at)) if step.kind in {Kind.CHANGE, Kind.ORDER}]

    assert between == ("Cancelled", False, 1)
    assert steps == [kind]
    assert (row(order).is_closed, allocated()) == (True, 0)
    assert money() == ("unmatched", 1500, "order_canceled")


# Orders on hold


@pytest.mark.parametrize("days", [1, 8, 60])
def test_order_back_from_hold_gets_time_to_pay_and_closes(days: int) -> None:
    payment = new_payment(phone=CANCELS)
    post(payment, failure(payment), now=later(9))
    Order.objects.update(status="On hold")
    back = days * 86_400
    list(reconcile(lambda: later(1800)))
    list(reconcile(lambda: later(back - 1)))
    on_hold = row(payment.mpesa_order)
    Order.objects.update(status="Pending payment")

    first, second = followed(back), followed(back + 1)
    in_time = row(payment.mpesa_order)
    list(reconcile(lambda: in_time.pay_before))

    assert (on_hold.close_check_at, on_hold.is_closed) == (None, False)
    assert (first, second) == ([payment.order_id], [])
    assert (in_time.pay_before, in_time.is_closed) == (later(back + 1800), False)
    assert (row(payment.mpesa_order).is_closed, allocated()) == (True, 0)


# Orders that staff enrolled


def test_enrolled_order_with_a_push_never_closes() -> None:
    staff, order = new_staff_user(*PERMISSIONS), new_order()
    claim_for(order, staff, amount=500)
    payment = new_payment(order, phone=CANCELS, now=later(500))
    post(payment, failure(payment), now=later(510))

    for day in (1, 2, 9):
        list(reconcile(lambda day=day: later(day * 86_400)))  # type: ignore[misc]

    assert (row(order).close_check_at, row(order).is_closed, balance(order)) == (None, False, (False, 1000))
    assert (order_of(order).status, payment.amount) == ("Pending payment", 1000)


def test_stock_of_an_enrolled_order_is_never_released() -> None:
    order = new_order()
    claim_for(order, new_staff_user(*PERMISSIONS), amount=500)
    before = allocated()
    payment = new_payment(order, phone=CANCELS, now=later(500))
    post(payment, failure(payment), now=later(510))

    set_status(order, "Cancelled")

    assert (row(order).is_closed, allocated()) == (False, before)
