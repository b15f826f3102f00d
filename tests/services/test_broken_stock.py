"""The shop's own code raises when stock is taken or released: the money is kept, and the stock follows later."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError, transaction
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaCallback, MpesaOrder, MpesaReceipt
from oscar_mpesa.services import order_stock
from oscar_mpesa.services.ledger_check import check_ledger
from oscar_mpesa.services.locks import lock_mpesa_order
from oscar_mpesa.services.reconciliation import reconcile
from tests.services.concurrent_changes import broken_stock
from tests.services.money import FIRST, balance, books, expired_order, money, order_of, paid_order, row, set_status
from tests.shop import later, new_payment, pay, post, success

pytestmark = pytest.mark.django_db(transaction=True)

Order = get_model("order", "Order")
StockRecord = get_model("partner", "StockRecord")


@pytest.fixture(autouse=True)
def _without_thread(settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "WAKE": ""}


def allocated() -> int:
    return int(StockRecord.objects.get().num_allocated or 0)


def run_at(at: float) -> list[tuple[str, bool]]:
    """Run one pass; return the outcomes of its orders."""
    steps = list(reconcile(lambda: later(at)))
    return [(step.outcome, step.done) for step in steps if step.kind.value == "order"]


def test_late_money_is_kept_and_reopens_the_order_ten_minutes_later() -> None:
    payment = expired_order()

    with broken_stock():
        pay(payment, number=FIRST, now=later(3600))
    kept = (money(), row(payment.mpesa_order).is_closed, MpesaCallback.objects.latest("pk").verdict)
    run_at(3600 + 599)
    early = row(payment.mpesa_order).is_closed
    run_at(3600 + 600)

    order = row(payment.mpesa_order)
    assert (kept, early) == ((("unmatched", 1500, "order_closed"), True, "applied"), True)
    assert (order.is_closed, order.order.status, allocated()) == (False, "Being processed", 1)
    assert (money(), balance(order), books(order.order)) == (("matched", 0, ""), (True, 0), 1500)


def test_lost_connection_is_raised() -> None:
    payment = expired_order()

    with broken_stock(OperationalError("the connection is lost")), pytest.raises(OperationalError):
        reopen_now(payment.mpesa_order)

    assert row(payment.mpesa_order).is_closed


@transaction.atomic
def reopen_now(mpesa_order: MpesaOrder) -> None:
    order_stock.try_reopen(lock_mpesa_order(mpesa_order.pk), now=later(3600))


def test_order_that_can_not_be_reopened_is_tried_again_until_it_can() -> None:
    payment = expired_order()

    with broken_stock():
        pay(payment, number=FIRST, now=later(3600))
        outcomes = [run_at(at) for at in (4200, 4500, 4800)]
    run_at(5400)

    assert outcomes == [[("postponed", True)], [], [("postponed", True)]]
    assert (balance(order_of(payment)), allocated()) == ((True, 0), 1)


def test_canceled_order_keeps_its_money_and_releases_its_stock_later() -> None:
    payment = new_payment()
    Order.objects.update(status="Cancelled")

    with broken_stock():
        post(payment, success(payment), now=later(20))
        kept = (MpesaReceipt.objects.get().unmatched_reason, row(payment.mpesa_order).is_closed, allocated())
        failed = run_at(1800)
    done = run_at(2100)

    assert kept == ("order_canceled", False, 1)
    assert (failed, done) == ([("RuntimeError", False)], [("closed", True)])
    assert (row(payment.mpesa_order).is_closed, allocated()) == (True, 0)


def test_paid_order_that_staff_cancel_releases_its_stock_later() -> None:
    order = paid_order()
    run_at(3600)

    with broken_stock():
        set_status(order, "Cancelled")
    before = (money(), balance(order), row(order).is_closed, allocated())
    list(reconcile(lambda: later(10**9)))

    assert before == (("unmatched", 1500, "order_canceled"), (False, 0), False, 1)
    assert (row(order).is_closed, allocated(), list(check_ledger())) == (True, 0, [])
