"""Money that was sent back by hand, or closed with a note; and the end of a hold (M5, M8)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import OperationalError, transaction
from oscar.core.loading import get_model

from oscar_mpesa.models import (
    Allocation,
    MessageKind,
    MpesaEvent,
    MpesaOrder,
    MpesaOutboxMessage,
    MpesaPayment,
    MpesaReceipt,
    ReceiptSource,
    Verdict,
)
from oscar_mpesa.services.claims import record_receipt
from oscar_mpesa.services.exceptions import BookingFailed, NoDecisionNeeded, NoteMissing, NotPayable
from oscar_mpesa.services.order_closure import CloseResult, close_expired_order
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.payments import start_payment
from oscar_mpesa.services.receipt_decisions import allocate_receipt, record_refund, resolve_receipt
from tests.services.concurrent_changes import broken_books
from tests.services.returns import give_back
from tests.services.unmatched import events, fresh, mismatch, surplus, unallocated
from tests.shop import (
    ANOTHER,
    CANCELS,
    NOON,
    failure,
    later,
    new_clerk,
    new_order,
    new_payment,
    pay,
    post,
    said_by_query,
    success,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk() -> Any:
    return new_clerk("record_return", "explain_receipt", "apply_receipt", "record_receipt")


AN_HOUR = 60 * 60

Order = get_model("order", "Order")


def row() -> MpesaOrder:
    return MpesaOrder.objects.select_related("order").get()


# Returns


def test_a_return_of_money_in_the_books_stands_in_them_too(clerk: Any) -> None:
    receipt = MpesaReceipt.objects.get(payment=pay(new_payment()))

    record_refund(receipt, amount=Decimal(1500), reference="SKN7AAA111", note="out of stock", by=clerk, now=later(99))

    returned, source = fresh(receipt), Order.objects.get().sources.get()
    assert (returned.allocation, returned.returned_at, returned.returned_amount) == ("returned", later(99), 1500)
    assert (returned.returned_reference, returned.note) == ("SKN7AAA111", "out of stock")
    assert (returned.allocated_by, returned.allocated_by_name) == (clerk, "Achieng Were")
    assert (source.amount_debited, source.amount_refunded) == (1500, 1500)
    assert source.transactions.get(txn_type="Refund").reference == "SKN7AAA111"
    assert events(receipt.order) == [("applied", "returned", "Achieng Were")]


@pytest.mark.parametrize("which", [mismatch, surplus, unallocated])
def test_a_return_of_money_in_no_books_stands_in_our_rows_alone(clerk: Any, which: Any) -> None:
    receipt = which()
    before = receipt.allocation

    give_back(receipt, clerk)

    assert fresh(receipt).allocation == Allocation.RETURNED
    assert events(receipt.order) == [(before, "returned", "Achieng Were")]
    assert not any(source.amount_refunded for source in receipt.order.sources.all())


def test_money_is_returned_once(clerk: Any) -> None:
    receipt = MpesaReceipt.objects.get(payment=pay(new_payment()))
    give_back(receipt, clerk)

    with pytest.raises(NoDecisionNeeded):
        give_back(receipt, clerk)

    assert Order.objects.get().sources.get().amount_refunded == 1500


def test_a_long_reference_is_cut(clerk: Any) -> None:
    receipt = surplus()

    record_refund(receipt, amount=Decimal(1), reference="9" * 300, by=clerk, now=NOON)

    assert len(fresh(receipt).returned_reference) == 128


@pytest.mark.parametrize("deadlock", [False, True], ids=["shop's code", "deadlock"])
def test_books_that_refuse_a_return_leave_everything_as_it_was(clerk: Any, deadlock: bool) -> None:
    receipt = MpesaReceipt.objects.get(payment=pay(new_payment()))

    error = OperationalError("deadlock") if deadlock else RuntimeError("no refunds here")

    with broken_books(error), pytest.raises(OperationalError if deadlock else BookingFailed):
        give_back(receipt, clerk)

    assert (fresh(receipt).allocation, fresh(receipt).returned_at) == (Allocation.APPLIED, None)
    assert Order.objects.get().sources.get().amount_refunded == 0


def test_who_has_no_permission_closes_nothing() -> None:
    receipt = surplus()

    with pytest.raises(PermissionDenied):
        give_back(receipt, new_clerk("explain_receipt", "apply_receipt"))
    with pytest.raises(PermissionDenied):
        resolve_receipt(receipt, note="lost", by=new_clerk("record_return", "apply_receipt"), now=NOON)

    assert (fresh(receipt).allocation, events(receipt.order)) == (Allocation.SURPLUS, [])


def test_returned_money_that_is_told_again_is_not_paid_out_twice(clerk: Any) -> None:
    receipt = MpesaReceipt.objects.get(payment=pay(new_payment()))
    assert receipt.payment is not None
    give_back(receipt, clerk)

    again = post(receipt.payment, success(receipt.payment), now=later(120))

    assert (again.verdict, MpesaReceipt.objects.count()) == (Verdict.DUPLICATE, 1)
    assert fresh(receipt).allocation == Allocation.RETURNED


# Notes


def test_money_is_closed_with_a_note_once(clerk: Any) -> None:
    receipt = surplus()

    resolve_receipt(receipt, note="paid into the till for the next order", by=clerk, now=later(99))

    assert (fresh(receipt).allocation, fresh(receipt).note) == ("explained", "paid into the till for the next order")
    assert events(receipt.order) == [("surplus", "explained", "Achieng Were")]
    with pytest.raises(NoDecisionNeeded):
        resolve_receipt(receipt, note="again", by=clerk, now=later(100))


@pytest.mark.parametrize("note", ["", "  \n"])
def test_without_a_note_nothing_is_closed(clerk: Any, note: str) -> None:
    receipt = surplus()

    with pytest.raises(NoteMissing):
        resolve_receipt(receipt, note=note, by=clerk, now=later(99))

    assert fresh(receipt).allocation == Allocation.SURPLUS


def test_used_money_is_not_explained_away(clerk: Any) -> None:
    receipt = MpesaReceipt.objects.get(payment=pay(new_payment()))

    with pytest.raises(NoDecisionNeeded):
        resolve_receipt(receipt, note="no", by=clerk, now=later(99))


def test_an_explained_amount_that_stands_in_the_books_goes_on_paying_its_order(clerk: Any) -> None:
    payment = new_payment()
    apply_update(payment, said_by_query("0"), now=later(21))
    post(payment, success(payment, amount=1400), now=later(25))
    resolve_receipt(MpesaReceipt.objects.get(), note="a discount", by=clerk, now=later(99))

    post(payment, success(payment, number="OD222BBB22"), now=later(120))

    assert MpesaReceipt.objects.get(number="OD222BBB22").allocation == Allocation.SURPLUS


def test_books_that_were_refused_are_not_tried_again_once_their_money_is_closed(clerk: Any) -> None:
    receipt = surplus()
    MpesaReceipt.objects.filter(pk=receipt.pk).update(allocation="unallocated", error="no", next_try_at=NOON)

    resolve_receipt(receipt, note="done elsewhere", by=clerk, now=later(99))

    assert fresh(receipt).next_try_at is None


def test_money_of_no_order_can_be_used_or_closed(clerk: Any) -> None:
    new = {"environment": "simulated", "amount": 1500, "paid_at": NOON, "source": ReceiptSource.PAYBILL}
    first, second = (
        MpesaReceipt.objects.create(
            number=number, allocation=Allocation.UNALLOCATED, allocated_at=NOON, created_at=NOON, **new
        )
        for number in ("OD111AAA11", "OD222BBB22")
    )
    order = new_order()

    allocate_receipt(first, order, by=clerk, now=later(99))
    resolve_receipt(second, note="rent", by=clerk, now=later(99))

    assert (fresh(first).allocation, fresh(first).order_id) == (Allocation.APPLIED, order.pk)
    assert (fresh(second).allocation, fresh(second).allocated_by) == (Allocation.EXPLAINED, clerk)


# Holds


@pytest.mark.parametrize("verb", ["return", "explain"])
def test_the_end_of_a_hold_fails_the_payment_and_opens_the_order_for_another_one(clerk: Any, verb: str) -> None:
    receipt = mismatch()
    assert close_expired_order(row(), now=row().pay_before) is CloseResult.PAID
    with pytest.raises(NotPayable), transaction.atomic():
        start_payment(row().order, phone=ANOTHER, now=later(60))

    if verb == "return":
        give_back(receipt, clerk, at=AN_HOUR)
    else:
        resolve_receipt(receipt, note="a test of the till", by=clerk, now=later(AN_HOUR))

    payment = MpesaPayment.objects.get()
    settled = MpesaEvent.objects.get(type="payment_settled")
    assert (payment.status, payment.on_hold, payment.live_order) == ("failed", False, None)
    assert (settled.params["after"], settled.by) == ("failed", clerk)
    assert row().pay_before == row().close_check_at == later(AN_HOUR + 30 * 60)
    assert MpesaOutboxMessage.objects.filter(kind=MessageKind.PAYMENT_FAILED).count() == 1
    assert start_payment(row().order, phone=ANOTHER, now=later(AN_HOUR + 60)).status == "pending"


def test_the_end_of_a_hold_never_shortens_the_time_to_pay(clerk: Any) -> None:
    receipt = mismatch()
    MpesaOrder.objects.update(pay_before=later(24 * AN_HOUR))

    resolve_receipt(receipt, note="a test of the till", by=clerk, now=later(AN_HOUR))

    assert row().pay_before == row().close_check_at == later(24 * AN_HOUR)


def test_an_order_without_any_attempt_has_no_clock_that_could_go_on(clerk: Any) -> None:
    order = new_order()
    receipt = record_receipt("OD123ABC45", Decimal(5), order=order, by=clerk, note="portal", now=NOON)

    give_back(receipt, clerk)

    assert row().close_check_at is None


def test_an_attempt_that_had_ended_before_its_money_came_stays_as_it_ended(clerk: Any) -> None:
    payment = new_payment(phone=CANCELS)
    post(payment, failure(payment), now=later(10))
    post(payment, success(payment, amount=5), now=later(20))

    resolve_receipt(MpesaReceipt.objects.get(), note="a test of the till", by=clerk, now=later(99))

    payment.refresh_from_db()
    assert (payment.status, payment.on_hold) == ("cancelled", False)


def test_an_order_without_attempt_whose_money_went_back_is_released_in_the_end(clerk: Any) -> None:
    first = new_payment(phone=CANCELS)
    post(first, failure(first), now=later(10))
    second = new_payment(row().order, phone=CANCELS, now=later(90))
    post(second, failure(second), now=later(100))
    receipt = record_receipt("OD123ABC45", Decimal(5), order=row().order, by=clerk, note="portal", now=later(200))
    assert (receipt.payment, close_expired_order(row(), now=row().pay_before)) == (None, CloseResult.PAID)

    give_back(receipt, clerk, at=AN_HOUR)

    assert row().close_check_at == later(AN_HOUR + 30 * 60)
    assert close_expired_order(row(), now=later(AN_HOUR + 30 * 60)) is CloseResult.CLOSED
