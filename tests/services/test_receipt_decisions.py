"""Staff match waiting money to the order that it came for (M7, M8, M10)."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from oscar.core.loading import get_model

from oscar_mpesa.models import (
    Allocation,
    MessageKind,
    MpesaEvent,
    MpesaOrder,
    MpesaOutboxMessage,
    MpesaPayment,
    MpesaReceipt,
)
from oscar_mpesa.services.exceptions import (
    AmountNotAccepted,
    BookingFailed,
    DecisionRefused,
    NoDecisionNeeded,
    OrderCancelled,
    OrderPaid,
    OrderReturnedToBasket,
    OutOfStock,
)
from oscar_mpesa.services.order_closure import close_order, mark_basket_restored
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.receipt_decisions import allocate_receipt
from tests.services.concurrent_changes import broken_shop
from tests.services.unmatched import events, fresh, mismatch, unallocated
from tests.shop import (
    later,
    new_order,
    new_payment,
    new_staff_user,
    post,
    query_update,
    success,
)

pytestmark = pytest.mark.django_db

Order = get_model("order", "Order")
StockRecord = get_model("partner", "StockRecord")


@pytest.fixture
def staff() -> Any:
    return new_staff_user("apply_receipt")


def test_accepted_difference_pays_the_order_and_ends_the_hold(staff: Any) -> None:
    receipt = mismatch()

    allocate_receipt(
        receipt, receipt.order, by=staff, note="she brought the rest", accept_difference=True, now=later(99)
    )

    used, payment, order = fresh(receipt), MpesaPayment.objects.get(), Order.objects.get()
    assert (used.allocation, used.booked_at, used.note) == (Allocation.APPLIED, later(99), "she brought the rest")
    assert (used.allocated_by, used.allocated_by_name) == (staff, "Achieng Were")
    assert (payment.status, payment.on_hold, payment.live_order) == ("completed", False, None)
    assert (order.status, order.sources.get().amount_debited) == ("Being processed", 1400)
    assert events(order) == [("mismatch", "applied", "Achieng Were")]
    assert MpesaEvent.objects.get(type="payment_settled").by == staff
    assert set(used.outbox_messages.values_list("kind", flat=True)) >= {MessageKind.ORDER_PAID, MessageKind.PAID_EMAIL}


def test_difference_must_be_accepted(staff: Any) -> None:
    receipt = mismatch()

    with pytest.raises(AmountNotAccepted):
        allocate_receipt(receipt, receipt.order, by=staff, now=later(99))

    assert fresh(receipt).allocation == Allocation.MISMATCH
    assert MpesaPayment.objects.get().on_hold


def test_matching_needs_permission() -> None:
    receipt = mismatch()
    others = new_staff_user("record_return", "explain_receipt", "record_receipt", "close_order")

    with pytest.raises(PermissionDenied):
        allocate_receipt(receipt, receipt.order, by=others, accept_difference=True, now=later(99))

    assert fresh(receipt).allocation == Allocation.MISMATCH
    assert not events(receipt.order)


def test_money_is_matched_once(staff: Any) -> None:
    receipt = mismatch()
    allocate_receipt(receipt, receipt.order, by=staff, accept_difference=True, now=later(99))

    with pytest.raises(NoDecisionNeeded):
        allocate_receipt(receipt, receipt.order, by=staff, accept_difference=True, now=later(100))

    assert Order.objects.get().sources.get().amount_debited == 1400


def test_changed_amount_of_booked_money_is_corrected_in_the_books(staff: Any) -> None:
    payment = new_payment()
    apply_update(payment, query_update("0"), now=later(21))
    post(payment, success(payment, amount=1400), now=later(25))

    allocate_receipt(
        MpesaReceipt.objects.get(), payment.mpesa_order.order, by=staff, accept_difference=True, now=later(99)
    )

    order, receipt = Order.objects.get(), MpesaReceipt.objects.get()
    source = order.sources.get()
    assert (receipt.allocation, receipt.booked_at) == (Allocation.APPLIED, later(21))
    assert (source.amount_debited, source.reference) == (1400, "OD123ABC45")
    assert (source.transactions.get().amount, order.payment_events.get().amount) == (1400, 1400)
    assert MpesaOutboxMessage.objects.filter(kind=MessageKind.ORDER_PAID).count() == 1


def test_booked_money_is_not_matched_to_another_order(staff: Any) -> None:
    payment = new_payment()
    apply_update(payment, query_update("0"), now=later(21))
    post(payment, success(payment, amount=1400), now=later(25))

    with pytest.raises(OrderPaid):
        allocate_receipt(MpesaReceipt.objects.get(), new_order(total="1400.00"), by=staff, now=later(99))


def test_matching_reopens_a_closed_order(staff: Any) -> None:
    receipt = unallocated()

    allocate_receipt(receipt, receipt.order, by=staff, now=later(99))

    row = MpesaOrder.objects.get()
    assert (row.is_closed, row.order.status) == (False, "Being processed")
    assert StockRecord.objects.get().num_allocated == 1


def test_sold_out_order_is_not_reopened(staff: Any) -> None:
    receipt = unallocated()
    StockRecord.objects.update(num_in_stock=0)

    with pytest.raises(OutOfStock):
        allocate_receipt(receipt, receipt.order, by=staff, now=later(99))

    assert fresh(receipt).allocation == Allocation.UNALLOCATED
    assert MpesaOrder.objects.get().is_closed


def test_order_with_a_restored_basket_is_not_reopened(staff: Any) -> None:
    receipt = unallocated()
    MpesaReceipt.objects.update(allocation="explained")
    mark_basket_restored(receipt.order, now=later(95))
    MpesaReceipt.objects.update(allocation="unallocated")

    with pytest.raises(OrderReturnedToBasket):
        allocate_receipt(receipt, receipt.order, by=staff, now=later(99))


def test_cancelled_order_takes_no_money(staff: Any) -> None:
    receipt = unallocated()
    Order.objects.update(status="Cancelled")

    with pytest.raises(OrderCancelled):
        allocate_receipt(receipt, receipt.order, by=staff, now=later(99))


def test_raising_shop_code_changes_nothing_and_is_named(staff: Any) -> None:
    receipt = mismatch()

    with broken_shop(), pytest.raises(BookingFailed, match="the shop's receiver is broken"):
        allocate_receipt(receipt, receipt.order, by=staff, accept_difference=True, now=later(99))

    assert (fresh(receipt).allocation, fresh(receipt).booked_at) == (Allocation.MISMATCH, None)
    assert not Order.objects.get().sources.exists()
    assert not events(receipt.order)


def test_booking_by_staff_ends_its_retries(staff: Any) -> None:
    payment = new_payment()
    with broken_shop():
        post(payment, success(payment))

    allocate_receipt(MpesaReceipt.objects.get(), payment.mpesa_order.order, by=staff, now=later(30))

    receipt = MpesaReceipt.objects.get()
    assert (receipt.allocation, receipt.error, receipt.next_try_at) == (Allocation.APPLIED, "", None)


def test_deadlock_is_no_decision(staff: Any) -> None:
    receipt = mismatch()

    with broken_shop(OperationalError("deadlock")), pytest.raises(OperationalError):
        allocate_receipt(receipt, receipt.order, by=staff, accept_difference=True, now=later(99))

    assert fresh(receipt).allocation == Allocation.MISMATCH


def test_note_of_any_length_is_kept(staff: Any) -> None:
    receipt = mismatch()

    allocate_receipt(receipt, receipt.order, by=staff, note="x" * 3000, accept_difference=True, now=later(99))

    assert (len(fresh(receipt).note), fresh(receipt).reason) == (3000, "")


def test_order_closed_by_staff_is_reopened_too() -> None:
    staff, payment = new_staff_user("apply_receipt", "close_order"), new_payment()
    close_order(Order.objects.get(), by=staff, now=later(5))
    post(payment, success(payment), now=later(9))

    allocate_receipt(MpesaReceipt.objects.get(), Order.objects.get(), by=staff, now=later(99))

    assert not MpesaOrder.objects.get().is_closed


def test_every_refusal_has_a_message() -> None:
    assert {type(refusal.sentence) for refusal in DecisionRefused.__subclasses__()} == {str}
