"""Staff use money that waits for a person for the order that it came for (M7, M8, M10)."""

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
    new_clerk,
    new_order,
    new_payment,
    post,
    said_by_query,
    success,
)

pytestmark = pytest.mark.django_db

Order = get_model("order", "Order")
StockRecord = get_model("partner", "StockRecord")


@pytest.fixture
def clerk() -> Any:
    return new_clerk("apply_receipt")


def test_an_accepted_difference_pays_the_order_and_ends_the_hold(clerk: Any) -> None:
    receipt = mismatch()

    allocate_receipt(
        receipt, receipt.order, by=clerk, note="she brought the rest", accept_difference=True, now=later(99)
    )

    used, payment, order = fresh(receipt), MpesaPayment.objects.get(), Order.objects.get()
    assert (used.allocation, used.booked_at, used.note) == (Allocation.APPLIED, later(99), "she brought the rest")
    assert (used.allocated_by, used.allocated_by_name) == (clerk, "Achieng Were")
    assert (payment.status, payment.on_hold, payment.live_order) == ("completed", False, None)
    assert (order.status, order.sources.get().amount_debited) == ("Being processed", 1400)
    assert events(order) == [("mismatch", "applied", "Achieng Were")]
    assert MpesaEvent.objects.get(type="payment_settled").by == clerk
    assert set(used.outbox_messages.values_list("kind", flat=True)) >= {MessageKind.ORDER_PAID, MessageKind.PAID_EMAIL}


def test_a_difference_has_to_be_accepted(clerk: Any) -> None:
    receipt = mismatch()

    with pytest.raises(AmountNotAccepted):
        allocate_receipt(receipt, receipt.order, by=clerk, now=later(99))

    assert fresh(receipt).allocation == Allocation.MISMATCH
    assert MpesaPayment.objects.get().on_hold


def test_who_has_no_permission_uses_nothing() -> None:
    receipt = mismatch()
    others = new_clerk("record_return", "explain_receipt", "record_receipt", "close_order")

    with pytest.raises(PermissionDenied):
        allocate_receipt(receipt, receipt.order, by=others, accept_difference=True, now=later(99))

    assert fresh(receipt).allocation == Allocation.MISMATCH
    assert not events(receipt.order)


def test_money_is_used_once(clerk: Any) -> None:
    receipt = mismatch()
    allocate_receipt(receipt, receipt.order, by=clerk, accept_difference=True, now=later(99))

    with pytest.raises(NoDecisionNeeded):
        allocate_receipt(receipt, receipt.order, by=clerk, accept_difference=True, now=later(100))

    assert Order.objects.get().sources.get().amount_debited == 1400


def test_an_amount_that_was_told_after_it_was_booked_is_put_right_in_the_books(clerk: Any) -> None:
    payment = new_payment()
    apply_update(payment, said_by_query("0"), now=later(21))
    post(payment, success(payment, amount=1400), now=later(25))

    allocate_receipt(
        MpesaReceipt.objects.get(), payment.mpesa_order.order, by=clerk, accept_difference=True, now=later(99)
    )

    order, receipt = Order.objects.get(), MpesaReceipt.objects.get()
    source = order.sources.get()
    assert (receipt.allocation, receipt.booked_at) == (Allocation.APPLIED, later(21))
    assert (source.amount_debited, source.reference) == (1400, "OD123ABC45")
    assert (source.transactions.get().amount, order.payment_events.get().amount) == (1400, 1400)
    assert MpesaOutboxMessage.objects.filter(kind=MessageKind.ORDER_PAID).count() == 1


def test_money_in_one_order_s_books_is_not_used_for_another(clerk: Any) -> None:
    payment = new_payment()
    apply_update(payment, said_by_query("0"), now=later(21))
    post(payment, success(payment, amount=1400), now=later(25))

    with pytest.raises(OrderPaid):
        allocate_receipt(MpesaReceipt.objects.get(), new_order(total="1400.00"), by=clerk, now=later(99))


def test_a_released_order_is_taken_up_again_whoever_released_it(clerk: Any) -> None:
    receipt = unallocated()

    allocate_receipt(receipt, receipt.order, by=clerk, now=later(99))

    row = MpesaOrder.objects.get()
    assert (row.is_closed, row.order.status) == (False, "Being processed")
    assert StockRecord.objects.get().num_allocated == 1


def test_a_released_order_whose_things_are_sold_is_not(clerk: Any) -> None:
    receipt = unallocated()
    StockRecord.objects.update(num_in_stock=0)

    with pytest.raises(OutOfStock):
        allocate_receipt(receipt, receipt.order, by=clerk, now=later(99))

    assert fresh(receipt).allocation == Allocation.UNALLOCATED
    assert MpesaOrder.objects.get().is_closed


def test_an_order_whose_things_are_in_a_basket_again_is_not(clerk: Any) -> None:
    receipt = unallocated()
    MpesaReceipt.objects.update(allocation="explained")
    mark_basket_restored(receipt.order, now=later(95))
    MpesaReceipt.objects.update(allocation="unallocated")

    with pytest.raises(OrderReturnedToBasket):
        allocate_receipt(receipt, receipt.order, by=clerk, now=later(99))


def test_a_cancelled_order_takes_no_money(clerk: Any) -> None:
    receipt = unallocated()
    Order.objects.update(status="Cancelled")

    with pytest.raises(OrderCancelled):
        allocate_receipt(receipt, receipt.order, by=clerk, now=later(99))


def test_the_shop_s_code_that_raises_changes_nothing_and_is_named(clerk: Any) -> None:
    receipt = mismatch()

    with broken_shop(), pytest.raises(BookingFailed, match="the shop's receiver is broken"):
        allocate_receipt(receipt, receipt.order, by=clerk, accept_difference=True, now=later(99))

    assert (fresh(receipt).allocation, fresh(receipt).booked_at) == (Allocation.MISMATCH, None)
    assert not Order.objects.get().sources.exists()
    assert not events(receipt.order)


def test_books_that_were_refused_before_are_not_tried_again_once_staff_wrote_them(clerk: Any) -> None:
    payment = new_payment()
    with broken_shop():
        post(payment, success(payment))

    allocate_receipt(MpesaReceipt.objects.get(), payment.mpesa_order.order, by=clerk, now=later(30))

    receipt = MpesaReceipt.objects.get()
    assert (receipt.allocation, receipt.error, receipt.next_try_at) == (Allocation.APPLIED, "", None)


def test_a_deadlock_is_no_decision(clerk: Any) -> None:
    receipt = mismatch()

    with broken_shop(OperationalError("deadlock")), pytest.raises(OperationalError):
        allocate_receipt(receipt, receipt.order, by=clerk, accept_difference=True, now=later(99))

    assert fresh(receipt).allocation == Allocation.MISMATCH


def test_a_note_of_any_length_is_kept(clerk: Any) -> None:
    receipt = mismatch()

    allocate_receipt(receipt, receipt.order, by=clerk, note="x" * 3000, accept_difference=True, now=later(99))

    assert (len(fresh(receipt).note), fresh(receipt).reason) == (3000, "")


def test_a_released_order_of_staff_is_taken_up_again_too() -> None:
    clerk, payment = new_clerk("apply_receipt", "close_order"), new_payment()
    close_order(Order.objects.get(), by=clerk, now=later(5))
    post(payment, success(payment), now=later(9))

    allocate_receipt(MpesaReceipt.objects.get(), Order.objects.get(), by=clerk, now=later(99))

    assert not MpesaOrder.objects.get().is_closed


def test_every_refusal_has_a_sentence() -> None:
    assert {type(refusal.sentence) for refusal in DecisionRefused.__subclasses__()} == {str}
