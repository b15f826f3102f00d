"""Staff refund money or resolve it with a note, which ends a hold (M5, M8)."""

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
from tests.services.refunds import refund
from tests.services.unmatched import events, fresh, mismatch, surplus, unallocated
from tests.shop import (
    ANOTHER,
    CANCELS,
    NOON,
    failure,
    later,
    new_order,
    new_payment,
    new_staff_user,
    pay,
    post,
    query_update,
    success,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> Any:
    return new_staff_user("record_return", "explain_receipt", "apply_receipt", "record_receipt")


AN_HOUR = 60 * 60

Order = get_model("order", "Order")


def row() -> MpesaOrder:
    return MpesaOrder.objects.select_related("order").get()


# Refunds


def test_refund_of_booked_money_is_booked(staff: Any) -> None:
    receipt = MpesaReceipt.objects.get(payment=pay(new_payment()))

    record_refund(receipt, amount=Decimal(1500), reference="SKN7AAA111", note="out of stock", by=staff, now=later(99))

    returned, source = fresh(receipt), Order.objects.get().sources.get()
    assert (returned.allocation, returned.returned_at, returned.returned_amount) == ("returned", later(99), 1500)
    assert (returned.returned_reference, returned.note) == ("SKN7AAA111", "out of stock")
    assert (returned.allocated_by, returned.allocated_by_name) == (staff, "Achieng Were")
    assert (source.amount_debited, source.amount_refunded) == (1500, 1500)
    assert source.transactions.get(txn_type="Refund").reference == "SKN7AAA111"
    assert events(receipt.order) == [("applied", "returned", "Achieng Were")]


@pytest.mark.parametrize("which", [mismatch, surplus, unallocated])
def test_refund_of_unbooked_money_is_stored_in_our_rows_only(staff: Any, which: Any) -> None:
    receipt = which()
    before = receipt.allocation

    refund(receipt, staff)

    assert fresh(receipt).allocation == Allocation.RETURNED
    assert events(receipt.order) == [(before, "returned", "Achieng Were")]
    assert not any(source.amount_refunded for source in receipt.order.sources.all())


def test_money_is_refunded_once(staff: Any) -> None:
    receipt = MpesaReceipt.objects.get(payment=pay(new_payment()))
    refund(receipt, staff)

    with pytest.raises(NoDecisionNeeded):
        refund(receipt, staff)

    assert Order.objects.get().sources.get().amount_refunded == 1500


def test_long_reference_is_cut(staff: Any) -> None:
    receipt = surplus()

    record_refund(receipt, amount=Decimal(1), reference="9" * 300, by=staff, now=NOON)

    assert len(fresh(receipt).returned_reference) == 128


@pytest.mark.parametrize("deadlock", [False, True], ids=["shop's code", "deadlock"])
def test_refused_booking_of_a_refund_changes_nothing(staff: Any, deadlock: bool) -> None:
    receipt = MpesaReceipt.objects.get(payment=pay(new_payment()))

    error = OperationalError("deadlock") if deadlock else RuntimeError("no refunds here")

    with broken_books(error), pytest.raises(OperationalError if deadlock else BookingFailed):
        refund(receipt, staff)

    assert (fresh(receipt).allocation, fresh(receipt).returned_at) == (Allocation.APPLIED, None)
    assert Order.objects.get().sources.get().amount_refunded == 0


def test_refunding_and_resolving_need_permission() -> None:
    receipt = surplus()

    with pytest.raises(PermissionDenied):
        refund(receipt, new_staff_user("explain_receipt", "apply_receipt"))
    with pytest.raises(PermissionDenied):
        resolve_receipt(receipt, note="lost", by=new_staff_user("record_return", "apply_receipt"), now=NOON)

    assert (fresh(receipt).allocation, events(receipt.order)) == (Allocation.SURPLUS, [])


def test_refunded_money_is_not_unmatched_again_by_its_callback(staff: Any) -> None:
    receipt = MpesaReceipt.objects.get(payment=pay(new_payment()))
    assert receipt.payment is not None
    refund(receipt, staff)

    again = post(receipt.payment, success(receipt.payment), now=later(120))

    assert (again.verdict, MpesaReceipt.objects.count()) == (Verdict.DUPLICATE, 1)
    assert fresh(receipt).allocation == Allocation.RETURNED


# Notes


def test_money_is_resolved_once(staff: Any) -> None:
    receipt = surplus()

    resolve_receipt(receipt, note="paid into the till for the next order", by=staff, now=later(99))

    assert (fresh(receipt).allocation, fresh(receipt).note) == ("explained", "paid into the till for the next order")
    assert events(receipt.order) == [("surplus", "explained", "Achieng Were")]
    with pytest.raises(NoDecisionNeeded):
        resolve_receipt(receipt, note="again", by=staff, now=later(100))


@pytest.mark.parametrize("note", ["", "  \n"])
def test_resolving_needs_a_note(staff: Any, note: str) -> None:
    receipt = surplus()

    with pytest.raises(NoteMissing):
        resolve_receipt(receipt, note=note, by=staff, now=later(99))

    assert fresh(receipt).allocation == Allocation.SURPLUS


def test_matched_money_cannot_be_resolved(staff: Any) -> None:
    receipt = MpesaReceipt.objects.get(payment=pay(new_payment()))

    with pytest.raises(NoDecisionNeeded):
        resolve_receipt(receipt, note="no", by=staff, now=later(99))


def test_resolved_booked_amount_goes_on_paying_its_order(staff: Any) -> None:
    payment = new_payment()
    apply_update(payment, query_update("0"), now=later(21))
    post(payment, success(payment, amount=1400), now=later(25))
    resolve_receipt(MpesaReceipt.objects.get(), note="a discount", by=staff, now=later(99))

    post(payment, success(payment, number="OD222BBB22"), now=later(120))

    assert MpesaReceipt.objects.get(number="OD222BBB22").allocation == Allocation.SURPLUS


def test_resolving_ends_the_retries_of_a_booking(staff: Any) -> None:
    receipt = surplus()
    MpesaReceipt.objects.filter(pk=receipt.pk).update(allocation="unallocated", error="no", next_try_at=NOON)

    resolve_receipt(receipt, note="done elsewhere", by=staff, now=later(99))

    assert fresh(receipt).next_try_at is None


def test_money_of_no_order_can_be_matched_or_resolved(staff: Any) -> None:
    new = {"environment": "simulated", "amount": 1500, "paid_at": NOON, "source": ReceiptSource.PAYBILL}
    first, second = (
        MpesaReceipt.objects.create(
            number=number, allocation=Allocation.UNALLOCATED, allocated_at=NOON, created_at=NOON, **new
        )
        for number in ("OD111AAA11", "OD222BBB22")
    )
    order = new_order()

    allocate_receipt(first, order, by=staff, now=later(99))
    resolve_receipt(second, note="rent", by=staff, now=later(99))

    assert (fresh(first).allocation, fresh(first).order_id) == (Allocation.APPLIED, order.pk)
    assert (fresh(second).allocation, fresh(second).allocated_by) == (Allocation.EXPLAINED, staff)


# Holds


@pytest.mark.parametrize("verb", ["return", "explain"])
def test_end_of_a_hold_fails_the_payment_and_allows_another(staff: Any, verb: str) -> None:
    receipt = mismatch()
    assert close_expired_order(row(), now=row().pay_before) is CloseResult.PAID
    with pytest.raises(NotPayable), transaction.atomic():
        start_payment(row().order, phone=ANOTHER, now=later(60))

    if verb == "return":
        refund(receipt, staff, at=AN_HOUR)
    else:
        resolve_receipt(receipt, note="a test of the till", by=staff, now=later(AN_HOUR))

    payment = MpesaPayment.objects.get()
    settled = MpesaEvent.objects.get(type="payment_settled")
    assert (payment.status, payment.on_hold, payment.live_order) == ("failed", False, None)
    assert (settled.params["after"], settled.by) == ("failed", staff)
    assert row().pay_before == row().close_check_at == later(AN_HOUR + 30 * 60)
    assert MpesaOutboxMessage.objects.filter(kind=MessageKind.PAYMENT_FAILED).count() == 1
    assert start_payment(row().order, phone=ANOTHER, now=later(AN_HOUR + 60)).status == "pending"


def test_end_of_a_hold_never_shortens_the_time_to_pay(staff: Any) -> None:
    receipt = mismatch()
    MpesaOrder.objects.update(pay_before=later(24 * AN_HOUR))

    resolve_receipt(receipt, note="a test of the till", by=staff, now=later(AN_HOUR))

    assert row().pay_before == row().close_check_at == later(24 * AN_HOUR)


def test_order_without_a_payment_gets_no_close_check(staff: Any) -> None:
    order = new_order()
    receipt = record_receipt("OD123ABC45", Decimal(5), order=order, by=staff, note="portal", now=NOON)

    refund(receipt, staff)

    assert row().close_check_at is None


def test_payment_that_ended_before_its_money_keeps_its_status(staff: Any) -> None:
    payment = new_payment(phone=CANCELS)
    post(payment, failure(payment), now=later(10))
    post(payment, success(payment, amount=5), now=later(20))

    resolve_receipt(MpesaReceipt.objects.get(), note="a test of the till", by=staff, now=later(99))

    payment.refresh_from_db()
    assert (payment.status, payment.on_hold) == ("cancelled", False)


def test_order_without_payment_closes_after_its_money_is_refunded(staff: Any) -> None:
    first = new_payment(phone=CANCELS)
    post(first, failure(first), now=later(10))
    second = new_payment(row().order, phone=CANCELS, now=later(90))
    post(second, failure(second), now=later(100))
    receipt = record_receipt("OD123ABC45", Decimal(5), order=row().order, by=staff, note="portal", now=later(200))
    assert (receipt.payment, close_expired_order(row(), now=row().pay_before)) == (None, CloseResult.PAID)

    refund(receipt, staff, at=AN_HOUR)

    assert row().close_check_at == later(AN_HOUR + 30 * 60)
    assert close_expired_order(row(), now=later(AN_HOUR + 30 * 60)) is CloseResult.CLOSED
