"""What money is used for: orders that were closed are taken up again, and refused books tried again (M7, M10)."""

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
from tests.shop import ANOTHER, CANCELS, failure, later, new_payment, pay, post, said_by_query, success

pytestmark = pytest.mark.django_db

AN_HOUR = 60 * 60

Order = get_model("order", "Order")
StockRecord = get_model("partner", "StockRecord")


def released_payment() -> MpesaPayment:
    """An attempt that was cancelled on the phone, and its order released by the clock."""
    payment = new_payment(phone=CANCELS)
    post(payment, failure(payment), now=later(20))
    assert close_expired_order(row(payment), now=row(payment).pay_before) is CloseResult.CLOSED
    payment.refresh_from_db()
    return payment


def refused_receipt() -> MpesaReceipt:
    """Money whose books the shop's own code refused."""
    payment = new_payment()
    with broken_shop():
        post(payment, success(payment))
    return MpesaReceipt.objects.get(payment=payment)


def row(payment: MpesaPayment) -> MpesaOrder:
    return MpesaOrder.objects.select_related("order").get(pk=payment.order_id)


def told_of(receipt: MpesaReceipt) -> set[str]:
    return set(receipt.outbox_messages.values_list("kind", flat=True))


# Orders that the clock released


@pytest.mark.parametrize("by_query", [False, True], ids=["callback", "query"])
def test_late_money_takes_up_again_an_order_that_the_clock_released(by_query: bool) -> None:
    payment = released_payment()

    if by_query:
        apply_update(payment, said_by_query("0"), now=later(AN_HOUR))
    else:
        post(payment, success(payment), now=later(AN_HOUR))

    again, receipt = row(payment), MpesaReceipt.objects.get()
    assert (again.is_closed, again.close_reason, again.stock_snapshot) == (False, "", {})
    assert (again.order.status, StockRecord.objects.get().num_allocated) == ("Being processed", 1)
    assert (receipt.allocation, receipt.booked_at) == (Allocation.APPLIED, later(AN_HOUR))
    assert MpesaEvent.objects.filter(type="order_reopened").count() == 1
    assert told_of(receipt) == {MessageKind.ORDER_PAID, MessageKind.PAID_EMAIL}


def test_an_order_whose_things_were_sold_meanwhile_stays_closed_and_its_money_waits() -> None:
    payment = released_payment()
    StockRecord.objects.update(num_in_stock=0)

    post(payment, success(payment), now=later(AN_HOUR))

    receipt = MpesaReceipt.objects.get()
    assert (receipt.allocation, receipt.reason, receipt.booked_at) == (Allocation.UNALLOCATED, "sold_out", None)
    assert (row(payment).is_closed, row(payment).order.status) == (True, "Payment expired")
    assert not row(payment).order.sources.exists()
    assert told_of(receipt) == {MessageKind.RECEIPT_UNMATCHED, MessageKind.UNMATCHED_EMAIL}


def test_a_shop_may_want_to_decide_about_late_money_itself(settings: Any) -> None:
    payment = released_payment()
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "REOPEN_EXPIRED_ORDERS": False}

    post(payment, success(payment), now=later(AN_HOUR))

    assert MpesaReceipt.objects.get().allocation == Allocation.UNALLOCATED
    assert row(payment).is_closed


def test_the_shop_s_code_that_raises_leaves_the_order_closed_until_its_books_are_written() -> None:
    payment = released_payment()

    with broken_shop():
        post(payment, success(payment), now=later(AN_HOUR))
    in_between = (row(payment).is_closed, StockRecord.objects.get().num_allocated)
    retry_booking(MpesaReceipt.objects.get(), now=later(AN_HOUR + 60))

    assert in_between == (True, 0)
    assert (row(payment).is_closed, StockRecord.objects.get().num_allocated) == (False, 1)
    assert row(payment).order.status == "Being processed"


# Books that were refused


def test_books_that_were_refused_are_written_by_the_next_try() -> None:
    receipt = refused_receipt()

    done = retry_booking(receipt, now=later(60))

    receipt.refresh_from_db()
    order = Order.objects.get()
    assert done is True
    assert (receipt.allocation, receipt.error, receipt.next_try_at) == (Allocation.APPLIED, "", None)
    assert (order.status, order.sources.get().amount_debited) == ("Being processed", 1500)
    assert told_of(receipt) == {MessageKind.RECEIPT_UNMATCHED, MessageKind.ORDER_PAID, MessageKind.PAID_EMAIL}


def test_books_that_are_refused_for_ever_are_given_up_after_ever_longer_pauses() -> None:
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


def test_money_whose_order_was_paid_meanwhile_is_paid_twice_and_its_payer_is_told() -> None:
    receipt = refused_receipt()
    assert receipt.payment is not None
    post(receipt.payment, success(receipt.payment, number="OD222BBB22"), now=later(30))

    done = retry_booking(receipt, now=later(60))

    receipt.refresh_from_db()
    assert (done, receipt.allocation, receipt.error) == (True, Allocation.SURPLUS, "")
    assert told_of(receipt) == {MessageKind.RECEIPT_UNMATCHED, MessageKind.UNMATCHED_EMAIL}
    assert Order.objects.get().sources.get().amount_debited == 1500


def test_money_whose_order_was_cancelled_meanwhile_waits_for_a_person() -> None:
    receipt = refused_receipt()
    Order.objects.update(status="Cancelled")

    done = retry_booking(receipt, now=later(60))

    receipt.refresh_from_db()
    assert (done, receipt.allocation) == (True, Allocation.UNALLOCATED)
    assert (receipt.error, receipt.next_try_at) == ("", None)


def test_another_amount_told_after_the_books_were_refused_is_for_a_person_and_its_payer_is_told() -> None:
    payment = new_payment()
    with broken_shop():
        apply_update(payment, said_by_query("0"), now=later(30))

    post(payment, success(payment, amount=1400), now=later(40))

    receipt = MpesaReceipt.objects.get()
    assert (receipt.allocation, receipt.error, receipt.next_try_at) == (Allocation.MISMATCH, "", None)
    assert told_of(receipt) == {MessageKind.RECEIPT_UNMATCHED, MessageKind.UNMATCHED_EMAIL}


def test_two_workers_try_the_books_once() -> None:
    receipt = refused_receipt()
    stale = MpesaReceipt.objects.get()

    with broken_shop():
        first = retry_booking(receipt, now=later(60))
        second = retry_booking(stale, now=later(60))

    receipt.refresh_from_db()
    assert (first, second, receipt.tries) == (False, True, 2)


def test_what_staff_decide_while_the_books_are_tried_again_holds() -> None:
    receipt = refused_receipt()

    with just_before("order_order", lambda: MpesaReceipt.objects.update(allocation="explained")):
        done = retry_booking(receipt, now=later(60))

    receipt.refresh_from_db()
    assert (done, receipt.allocation) == (True, Allocation.EXPLAINED)
    assert not Order.objects.get().sources.exists()


def test_a_deadlock_in_a_later_try_is_no_fault_of_the_shop_s_code() -> None:
    receipt = refused_receipt()

    with broken_shop(OperationalError("deadlock")), pytest.raises(OperationalError):
        retry_booking(receipt, now=later(60))

    receipt.refresh_from_db()
    assert (receipt.tries, receipt.next_try_at) == (2, later(60 + 120))
    assert "deadlock" not in receipt.error


def test_money_of_a_second_attempt_is_surplus_while_the_first_one_s_money_is_in_the_books() -> None:
    first = new_payment()
    post(first, failure(first), now=later(10))
    second = new_payment(first.mpesa_order.order, phone=ANOTHER, now=later(90))
    pay(second, number="OD222BBB22", now=later(100))
    Order.objects.update(status="Pending payment")

    post(first, success(first), now=later(120))

    assert MpesaReceipt.objects.get(number="OD123ABC45").allocation == Allocation.SURPLUS
