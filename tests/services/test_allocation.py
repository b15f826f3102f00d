"""Allocate money: late money reopens closed orders, and refused bookings are tried again (M7, M10)."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from django.db import OperationalError
from oscar.core.loading import get_model

from oscar_mpesa.models import Allocation, MessageKind, MpesaEvent, MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.services.allocation import retry_booking
from oscar_mpesa.services.order_closure import CloseResult, close_expired_order
from oscar_mpesa.services.payment_updates import apply_update
from tests.services.concurrent_changes import broken_shop, just_before
from tests.shop import ANOTHER, CANCELS, failure, later, new_payment, pay, post, query_update, success

pytestmark = pytest.mark.django_db

AN_HOUR = 60 * 60

Order = get_model("order", "Order")
StockRecord = get_model("partner", "StockRecord")


def closed_payment() -> MpesaPayment:
    """Create a payment that was canceled on the phone and whose order expired."""
    payment = new_payment(phone=CANCELS)
    post(payment, failure(payment), now=later(20))
    assert close_expired_order(row(payment), now=row(payment).pay_before) is CloseResult.CLOSED
    payment.refresh_from_db()
    return payment


def refused_receipt() -> MpesaReceipt:
    """Create a receipt that the shop's own code refused to book."""
    payment = new_payment()
    with broken_shop():
        post(payment, success(payment))
    return MpesaReceipt.objects.get(payment=payment)


def row(payment: MpesaPayment) -> MpesaOrder:
    return MpesaOrder.objects.select_related("order").get(pk=payment.order_id)


def messages_of(receipt: MpesaReceipt) -> set[str]:
    return set(receipt.outbox_messages.values_list("kind", flat=True))


# Closed orders


@pytest.mark.parametrize("by_query", [False, True], ids=["callback", "query"])
def test_late_money_reopens_an_expired_order(by_query: bool) -> None:
    payment = closed_payment()

    if by_query:
        apply_update(payment, query_update("0"), now=later(AN_HOUR))
    else:
        post(payment, success(payment), now=later(AN_HOUR))

    again, receipt = row(payment), MpesaReceipt.objects.get()
    assert (again.is_closed, again.close_reason, again.stock_snapshot) == (False, "", {})
    assert (again.order.status, StockRecord.objects.get().num_allocated) == ("Being processed", 1)
    assert (receipt.allocation, receipt.booked_at) == (Allocation.APPLIED, later(AN_HOUR))
    assert MpesaEvent.objects.filter(type="order_reopened").count() == 1
    assert messages_of(receipt) == {MessageKind.ORDER_PAID, MessageKind.PAID_EMAIL}


def test_late_money_for_a_sold_out_order_stays_unmatched() -> None:
    payment = closed_payment()
    StockRecord.objects.update(num_in_stock=0)

    post(payment, success(payment), now=later(AN_HOUR))

    receipt = MpesaReceipt.objects.get()
    assert (receipt.allocation, receipt.reason, receipt.booked_at) == (Allocation.UNALLOCATED, "sold_out", None)
    assert (row(payment).is_closed, row(payment).order.status) == (True, "Payment expired")
    assert not row(payment).order.sources.exists()
    assert messages_of(receipt) == {MessageKind.RECEIPT_UNMATCHED, MessageKind.UNMATCHED_EMAIL}


def test_late_money_reopens_no_order_if_the_setting_forbids_it(settings: Any) -> None:
    payment = closed_payment()
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "REOPEN_EXPIRED_ORDERS": False}

    post(payment, success(payment), now=later(AN_HOUR))

    assert MpesaReceipt.objects.get().allocation == Allocation.UNALLOCATED
    assert row(payment).is_closed


def test_order_stays_closed_until_refused_booking_succeeds() -> None:
    payment = closed_payment()

    with broken_shop():
        post(payment, success(payment), now=later(AN_HOUR))
    in_between = (row(payment).is_closed, StockRecord.objects.get().num_allocated)
    retry_booking(MpesaReceipt.objects.get(), now=later(AN_HOUR + 60))

    assert in_between == (True, 0)
    assert (row(payment).is_closed, StockRecord.objects.get().num_allocated) == (False, 1)
    assert row(payment).order.status == "Being processed"


# Refused bookings


def test_retry_books_a_refused_receipt() -> None:
    receipt = refused_receipt()

    done = retry_booking(receipt, now=later(60))

    receipt.refresh_from_db()
    order = Order.objects.get()
    assert done is True
    assert (receipt.allocation, receipt.error, receipt.next_try_at) == (Allocation.APPLIED, "", None)
    assert (order.status, order.sources.get().amount_debited) == ("Being processed", 1500)
    assert messages_of(receipt) == {MessageKind.RECEIPT_UNMATCHED, MessageKind.ORDER_PAID, MessageKind.PAID_EMAIL}


def test_booking_refused_for_good_stops_after_longer_and_longer_pauses() -> None:
    receipt, moments, answers = refused_receipt(), [], []

    with broken_shop():
        while receipt.next_try_at is not None:
            moments.append(receipt.next_try_at)
            answers.append(retry_booking(receipt, now=receipt.next_try_at))
            receipt.refresh_from_db()

    pauses = [(after - before).total_seconds() for before, after in pairwise(moments)]
    assert pauses == [120, 240, 480, 960, 1920, 3840, 7680, 15360]
    assert answers == [False] * 9
    assert (receipt.tries, receipt.allocation) == (10, Allocation.UNALLOCATED)
    assert "the shop's receiver is broken" in receipt.error
    assert not Order.objects.get().sources.exists()


def test_money_of_an_order_paid_meanwhile_is_surplus() -> None:
    receipt = refused_receipt()
    assert receipt.payment is not None
    post(receipt.payment, success(receipt.payment, number="OD222BBB22"), now=later(30))

    done = retry_booking(receipt, now=later(60))

    receipt.refresh_from_db()
    assert (done, receipt.allocation, receipt.error) == (True, Allocation.SURPLUS, "")
    assert messages_of(receipt) == {MessageKind.RECEIPT_UNMATCHED, MessageKind.UNMATCHED_EMAIL}
    assert Order.objects.get().sources.get().amount_debited == 1500


def test_money_of_an_order_cancelled_meanwhile_waits_for_a_person() -> None:
    receipt = refused_receipt()
    Order.objects.update(status="Cancelled")

    done = retry_booking(receipt, now=later(60))

    receipt.refresh_from_db()
    assert (done, receipt.allocation) == (True, Allocation.UNALLOCATED)
    assert (receipt.error, receipt.next_try_at) == ("", None)


def test_amount_changed_after_a_refused_booking_waits_for_a_person() -> None:
    payment = new_payment()
    with broken_shop():
        apply_update(payment, query_update("0"), now=later(30))

    post(payment, success(payment, amount=1400), now=later(40))

    receipt = MpesaReceipt.objects.get()
    assert (receipt.allocation, receipt.error, receipt.next_try_at) == (Allocation.MISMATCH, "", None)
    assert messages_of(receipt) == {MessageKind.RECEIPT_UNMATCHED, MessageKind.UNMATCHED_EMAIL}


def test_two_workers_retry_a_booking_once() -> None:
    receipt = refused_receipt()
    stale = MpesaReceipt.objects.get()

    with broken_shop():
        first = retry_booking(receipt, now=later(60))
        second = retry_booking(stale, now=later(60))

    receipt.refresh_from_db()
    assert (first, second, receipt.tries) == (False, True, 2)


def test_staff_decision_during_a_retry_stands() -> None:
    receipt = refused_receipt()

    with just_before("order_order", lambda: MpesaReceipt.objects.update(allocation="explained")):
        done = retry_booking(receipt, now=later(60))

    receipt.refresh_from_db()
    assert (done, receipt.allocation) == (True, Allocation.EXPLAINED)
    assert not Order.objects.get().sources.exists()


def test_deadlock_during_a_retry_is_not_counted_as_refusal() -> None:
    receipt = refused_receipt()

    with broken_shop(OperationalError("deadlock")), pytest.raises(OperationalError):
        retry_booking(receipt, now=later(60))

    receipt.refresh_from_db()
    assert (receipt.tries, receipt.next_try_at) == (2, later(60 + 120))
    assert "deadlock" not in receipt.error


def test_second_payment_of_a_booked_order_is_surplus() -> None:
    first = new_payment()
    post(first, failure(first), now=later(10))
    second = new_payment(first.mpesa_order.order, phone=ANOTHER, now=later(90))
    pay(second, number="OD222BBB22", now=later(100))
    Order.objects.update(status="Pending payment")

    post(first, success(first), now=later(120))

    assert MpesaReceipt.objects.get(number="OD123ABC45").allocation == Allocation.SURPLUS
