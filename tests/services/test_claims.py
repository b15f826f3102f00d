"""Staff record money that they saw in the M-PESA portal, and add missing codes (M6, M8)."""

from __future__ import annotations

from copy import copy
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db.models.signals import pre_save
from oscar.core.loading import get_model

from oscar_mpesa.domain.receipt_number import ReceiptNumberRefused
from oscar_mpesa.models import (
    Allocation,
    MessageKind,
    MpesaEvent,
    MpesaOrder,
    MpesaPayment,
    MpesaReceipt,
    ReceiptSource,
)
from oscar_mpesa.services.claims import record_receipt
from oscar_mpesa.services.exceptions import (
    InvalidAmount,
    InvalidTime,
    NoteMissing,
    OtherCurrency,
    PaymentOnHold,
    ReceiptKnown,
)
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.update_sources import push_expired
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
)

pytestmark = pytest.mark.django_db

Order = get_model("order", "Order")
NUMBER = "OD123ABC45"


@pytest.fixture
def staff() -> Any:
    return new_staff_user("record_receipt")


def expired(order: Any = None, *, now: Any = NOON, **about: Any) -> MpesaPayment:
    payment = new_payment(order, now=now, **about)
    apply_update(payment, push_expired(), now=later(150))
    payment.refresh_from_db()
    return payment


def record(order: Any, staff: Any, *, number: str = NUMBER, amount: Any = 1500, **about: Any) -> MpesaReceipt:
    """Record what the portal shows."""
    about = {"note": "M-PESA portal", "now": later(300), **about}
    return record_receipt(number, Decimal(amount), order=order, by=staff, **about)


def test_recorded_money_pays_the_unanswered_payment(staff: Any) -> None:
    payment = expired()

    receipt = record(payment.mpesa_order.order, staff, number=" od123 abc45 ", paid_at=later(100))

    payment.refresh_from_db()
    order = Order.objects.get()
    assert (receipt.number, receipt.source, receipt.paid_at) == (NUMBER, ReceiptSource.STAFF, later(100))
    assert (receipt.payment, receipt.allocation, receipt.note) == (payment, Allocation.APPLIED, "M-PESA portal")
    assert (receipt.allocated_by, receipt.allocated_by_name) == (staff, "Achieng Were")
    assert (payment.status, order.status) == ("completed", "Being processed")
    assert order.sources.get().reference == NUMBER
    event = MpesaEvent.objects.get(type="receipt_recorded")
    assert (event.by, event.params) == (staff, {"after": "applied", "note": "M-PESA portal"})


def test_recorded_code_completes_known_money_without_one(staff: Any) -> None:
    payment = new_payment()
    apply_update(payment, query_update("0"), now=later(30))

    receipt = record(payment.mpesa_order.order, staff)

    assert (MpesaReceipt.objects.count(), receipt.number, receipt.allocation) == (1, NUMBER, Allocation.APPLIED)
    assert Order.objects.get().sources.get().reference == NUMBER


def test_code_goes_to_the_paid_payment_that_lacks_one(staff: Any) -> None:
    first = new_payment(phone=CANCELS)
    post(first, failure(first), now=later(10))
    second = new_payment(first.mpesa_order.order, phone=ANOTHER, now=later(90))
    apply_update(second, query_update("0"), now=later(120))

    receipt = record(first.mpesa_order.order, staff)

    assert (receipt.payment, MpesaReceipt.objects.count()) == (second, 1)


def test_money_goes_to_the_unanswered_payment_rather_than_a_failed_one(staff: Any) -> None:
    first = new_payment(phone=CANCELS)
    post(first, failure(first), now=later(10))
    second = expired(first.mpesa_order.order, phone=ANOTHER, now=later(90))

    assert record(first.mpesa_order.order, staff).payment == second


def test_money_that_several_payments_may_have_brought_belongs_to_the_order(staff: Any) -> None:
    first = expired()
    expired(first.mpesa_order.order, phone=ANOTHER, now=later(200))

    receipt = record(first.mpesa_order.order, staff)

    assert (receipt.payment, receipt.allocation) == (None, Allocation.APPLIED)
    assert Order.objects.get().status == "Being processed"
    assert {due.kind for due in receipt.outbox_messages.all()} == {MessageKind.ORDER_PAID, MessageKind.PAID_EMAIL}
    assert MpesaEvent.objects.get(type="receipt_recorded").mpesa_order_id == first.order_id


def test_unsent_payment_brought_no_money(staff: Any) -> None:
    unsent = new_payment(sent=False)

    assert record(unsent.mpesa_order.order, staff).payment is None


def test_staff_may_name_the_payment(staff: Any) -> None:
    first = expired()
    second = expired(first.mpesa_order.order, phone=ANOTHER, now=later(200))

    assert record(first.mpesa_order.order, staff, payment=second).payment == second


def test_payment_of_another_order_raises(staff: Any) -> None:
    with pytest.raises(MpesaPayment.DoesNotExist):
        record(expired().mpesa_order.order, staff, payment=expired(phone=ANOTHER))

    assert not MpesaReceipt.objects.exists()


def test_recorded_money_pays_an_order_of_another_method(staff: Any) -> None:
    order = new_order(status="Pending")

    receipt = record(order, staff)

    row = MpesaOrder.objects.get(pk=order.pk)
    assert (receipt.allocation, row.close_check_at, row.order.status) == (Allocation.APPLIED, None, "Being processed")


def test_wrong_amount_for_the_order_waits_for_a_person(staff: Any) -> None:
    receipt = record(new_order(status="Pending"), staff, amount=1400)

    assert (receipt.allocation, receipt.booked_at) == (Allocation.MISMATCH, None)
    assert receipt.reason == "wrong_total"


def test_wrong_amount_for_a_payment_puts_it_on_hold(staff: Any) -> None:
    payment = expired()

    receipt = record(payment.mpesa_order.order, staff, amount=1400)

    payment.refresh_from_db()
    assert (receipt.allocation, payment.on_hold, payment.status) == (Allocation.MISMATCH, True, "expired")
    with pytest.raises(PaymentOnHold):
        record(payment.mpesa_order.order, staff, number="OD222BBB22", payment=payment)


def test_hold_that_begins_meanwhile_is_seen_under_the_lock(staff: Any) -> None:
    payment = expired()
    stale = MpesaPayment.objects.get()
    record(payment.mpesa_order.order, staff, amount=1400)

    with pytest.raises(PaymentOnHold):
        record(payment.mpesa_order.order, staff, number="OD222BBB22", payment=stale)


@pytest.mark.parametrize(("amount", "allocation"), [(1500, Allocation.SURPLUS), (7, Allocation.SURPLUS)])
def test_more_money_for_a_paid_order_is_surplus_and_replaces_no_code(staff: Any, amount: int, allocation: str) -> None:
    payment = expired()
    record(payment.mpesa_order.order, staff)

    by_order = record(payment.mpesa_order.order, staff, number="OD222BBB22", amount=amount)
    by_payment = record(payment.mpesa_order.order, staff, number="OD333CCC33", amount=amount, payment=payment)

    assert (by_order.allocation, by_payment.allocation) == (allocation, allocation)
    assert (by_order.payment, by_payment.payment) == (None, payment)
    assert MpesaReceipt.objects.get(number=NUMBER).allocation == Allocation.APPLIED
    assert Order.objects.get().sources.get().amount_debited == 1500


def test_code_is_recorded_once(staff: Any) -> None:
    paid = pay(new_payment())

    with pytest.raises(ReceiptKnown) as refusal:
        record(new_order(status="Pending"), staff)

    assert refusal.value.receipt == paid.receipts.get()
    assert MpesaOrder.objects.count() == 1


def test_recording_needs_permission() -> None:
    order = expired().mpesa_order.order

    with pytest.raises(PermissionDenied):
        record(order, new_staff_user("apply_receipt", "record_return"))

    assert not MpesaReceipt.objects.exists()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"number": "not a code"}, ReceiptNumberRefused),
        ({"amount": "0"}, InvalidAmount),
        ({"amount": "-5"}, InvalidAmount),
        ({"amount": "0.005"}, InvalidAmount),
        ({"amount": "NaN"}, InvalidAmount),
        ({"amount": "1000000000"}, InvalidAmount),
        ({"note": "  "}, NoteMissing),
        ({"paid_at": later(301)}, InvalidTime),
    ],
    ids=["code", "zero", "negative", "half a cent", "no number", "too much", "no note", "in the future"],
)
def test_impossible_values_are_not_recorded(staff: Any, changes: dict[str, Any], error: type[Exception]) -> None:
    order = expired().mpesa_order.order

    with pytest.raises(error):
        record(order, staff, **changes)

    assert not MpesaReceipt.objects.exists()


def test_order_in_another_currency_is_refused(staff: Any) -> None:
    with pytest.raises(OtherCurrency):
        record(new_order(currency="USD"), staff)


def test_code_recorded_elsewhere_meanwhile_is_looked_up_again(staff: Any) -> None:
    """Roll the faster row back together with ours, so that the second look finds the code free."""
    order, other = new_order(), new_order()

    def overtake(instance: MpesaReceipt, **_: Any) -> None:
        pre_save.disconnect(overtake, sender=MpesaReceipt)
        duplicate = copy(instance)
        duplicate.order = other
        MpesaReceipt.objects.bulk_create([duplicate])

    pre_save.connect(overtake, sender=MpesaReceipt)
    receipt = record(order, staff)

    assert MpesaReceipt.objects.get() == receipt
    assert (receipt.number, receipt.order) == (NUMBER, order)


def test_money_of_an_order_with_a_failed_payment_belongs_to_the_order(staff: Any) -> None:
    payment = new_payment()
    post(payment, failure(payment), now=later(10))

    receipt = record(payment.mpesa_order.order, staff)

    payment.refresh_from_db()
    assert (receipt.payment, receipt.allocation, payment.status) == (None, Allocation.APPLIED, "cancelled")


def test_code_mistyped_for_the_order_is_replaced_by_safaricom_s(staff: Any) -> None:
    payment = new_payment()
    post(payment, failure(payment), now=later(10))
    recorded = record(payment.mpesa_order.order, staff, number="OD123ABC4S")

    pay(payment, now=later(400))

    receipt = MpesaReceipt.objects.get()
    assert (receipt.pk, receipt.number, receipt.payment) == (recorded.pk, "OD123ABC45", payment)


def test_other_amount_under_a_similar_code_is_other_money(staff: Any) -> None:
    payment = new_payment()
    post(payment, failure(payment), now=later(10))
    record(payment.mpesa_order.order, staff, number="OD123ABC4S", amount=1400)

    pay(payment, now=later(400))

    allocations = {receipt.number: receipt.allocation for receipt in MpesaReceipt.objects.all()}
    assert allocations == {"OD123ABC4S": Allocation.MISMATCH, "OD123ABC45": Allocation.APPLIED}
