"""The shop changes an order's total or status, and its money follows (A9, A10, A14)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from oscar.apps.payment.exceptions import PaymentError
from oscar.core.loading import get_class, get_model

from oscar_mpesa.models import MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.services import order_changes
from oscar_mpesa.services.claims import record_claim
from oscar_mpesa.services.exceptions import OutOfStock
from oscar_mpesa.services.reconciliation import Kind, reconcile
from tests.payment_results import cancelled, closed_by_staff, overdue
from tests.shop import NOON, failure, later, new_order, new_payment, new_staff_user, pay, post, success

pytestmark = pytest.mark.django_db(transaction=True)

Order = get_model("order", "Order")
StockRecord = get_model("partner", "StockRecord")
EventHandler = get_class("order.processing", "EventHandler")

HALF_AN_HOUR, A_WEEK = 30 * 60, 7 * 24 * 60 * 60


@pytest.fixture(autouse=True)
def _without_thread(settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "WAKE": ""}


def set_total(payment: MpesaPayment, total: str) -> None:
    """Change the total with ``update``, which sends no signal."""
    Order.objects.filter(pk=payment.order_id).update(total_incl_tax=Decimal(total))


def set_status(payment: MpesaPayment, status: str) -> None:
    """Set the status as Oscar's dashboard does."""
    EventHandler().handle_order_status_change(Order.objects.get(pk=payment.order_id), status)


def row(payment: MpesaPayment) -> MpesaOrder:
    return MpesaOrder.objects.select_related("order").get(pk=payment.order_id)


def allocated() -> int:
    return sum(record.num_allocated or 0 for record in StockRecord.objects.all())


def reassessed(at: float) -> list[int]:
    return [step.pk for step in reconcile(lambda: later(at)) if step.kind is Kind.CHANGE]


# Totals


@pytest.mark.parametrize(
    ("total", "balance", "is_paid", "unallocated"), [("2500.00", 1000, False, 0), ("900.00", 0, True, 600)]
)
def test_push_paid_after_the_total_changed_counts_what_is_owed(
    total: str, balance: int, is_paid: bool, unallocated: int
) -> None:
    payment = new_payment()
    set_total(payment, total)

    pay(payment, now=later(9))

    receipt = MpesaReceipt.objects.get()
    assert (row(payment).balance, row(payment).is_paid) == (balance, is_paid)
    assert (receipt.unallocated, receipt.status) == (unallocated, "overpaid" if unallocated else "matched")
    assert payment.mpesa_order.order.sources.get().amount_debited == 1500 - unallocated


def test_fractional_total_is_paid_by_the_rounded_amount() -> None:
    order = new_order(total="1499.50")

    record_claim("OD123ABC45", Decimal(1500), order=order, by=new_staff_user("record_claim"), note="seen", now=NOON)

    assert (MpesaOrder.objects.get().is_paid, MpesaOrder.objects.get().balance) == (True, 0)


def test_total_changed_by_update_is_seen_by_reconcile_once() -> None:
    payment = pay(new_payment())
    set_total(payment, "900.00")

    first, second = reassessed(60), reassessed(120)

    assert (first, second) == ([payment.order_id], [])
    assert MpesaReceipt.objects.values_list("unallocated", "status").get() == (600, "overpaid")


def test_old_total_is_not_compared() -> None:
    payment = pay(new_payment())
    list(reconcile(lambda: later(HALF_AN_HOUR)))
    set_total(payment, "900.00")

    assert (reassessed(HALF_AN_HOUR + A_WEEK), row(payment).total_seen) == ([], 1500)


def test_saved_total_is_seen_after_the_commit() -> None:
    payment = pay(new_payment())
    order = Order.objects.get(pk=payment.order_id)

    order.total_incl_tax = Decimal(2500)
    order.save()

    assert (row(payment).balance, row(payment).is_paid, row(payment).total_seen) == (1000, False, 2500)


def test_order_without_a_payment_is_not_reassessed() -> None:
    order = new_order()

    order_changes.reassess(order.pk, now=NOON)
    order_changes.apply_status(order, now=NOON)

    assert (MpesaOrder.objects.count(), order.status) == (0, "Pending payment")


# Statuses


def test_closed_order_that_staff_move_on_takes_its_stock_again() -> None:
    payment = overdue(cancelled())
    before = (row(payment).is_closed, allocated())

    set_status(payment, "Being processed")

    assert (before, row(payment).is_closed, allocated()) == ((True, 0), False, 1)


def test_closed_order_without_stock_cannot_go_on() -> None:
    payment = overdue(cancelled())
    StockRecord.objects.update(num_in_stock=0)

    with pytest.raises(PaymentError):
        set_status(payment, "Being processed")

    assert (row(payment).order.status, row(payment).is_closed) == ("Payment expired", True)
    Order.objects.update(status="Being processed")
    with pytest.raises(OutOfStock):
        order_changes.apply_status(row(payment).order, now=later(3600))


def test_money_of_a_closed_order_is_used_once_staff_move_it_on() -> None:
    payment = closed_by_staff(cancelled(), by=new_staff_user("close_order"))
    post(payment, success(payment), now=later(60))
    before = MpesaReceipt.objects.get().status

    set_status(payment, "Being processed")

    assert (before, MpesaReceipt.objects.get().status, row(payment).is_paid) == ("unmatched", "matched", True)


def test_order_put_on_hold_and_back_closes_after_its_time_to_pay() -> None:
    payment = new_payment()
    post(payment, failure(payment), now=later(9))
    Order.objects.update(status="On hold")
    list(reconcile(lambda: later(HALF_AN_HOUR)))
    on_hold = row(payment)
    Order.objects.update(status="Pending payment")

    order_changes.apply_status(on_hold.order, now=later(2 * HALF_AN_HOUR))
    list(reconcile(lambda: later(3 * HALF_AN_HOUR - 1)))
    in_time = row(payment)
    list(reconcile(lambda: later(3 * HALF_AN_HOUR)))

    assert (on_hold.close_check_at, on_hold.is_closed) == (None, False)
    assert (in_time.pay_before, in_time.is_closed) == (later(3 * HALF_AN_HOUR), False)
    assert (row(payment).is_closed, allocated()) == (True, 0)


def test_order_that_staff_pay_by_hand_keeps_its_deadline() -> None:
    payment = new_payment()
    post(payment, failure(payment), now=later(9))

    set_status(payment, "Being processed")

    assert (row(payment).pay_before, row(payment).is_paid) == (later(HALF_AN_HOUR), False)
