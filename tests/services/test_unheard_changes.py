"""The shop changes a status without a signal, or its own code raises: the order is followed all the same."""

from __future__ import annotations

from typing import Any

import pytest
from oscar.core.loading import get_model

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
