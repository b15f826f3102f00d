"""Money that staff found in the M-PESA portal or on a statement, and codes that were missing (M6, M8)."""

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
    new_clerk,
    new_order,
    new_payment,
    pay,
    post,
    said_by_query,
)

pytestmark = pytest.mark.django_db

Order = get_model("order", "Order")
NUMBER = "OD123ABC45"


@pytest.fixture
def clerk() -> Any:
    return new_clerk("record_receipt")


def expired(order: Any = None, *, now: Any = NOON, **about: Any) -> MpesaPayment:
    payment = new_payment(order, now=now, **about)
    apply_update(payment, push_expired(), now=later(150))
    payment.refresh_from_db()
    return payment


def found(order: Any, clerk: Any, *, number: str = NUMBER, amount: Any = 1500, **about: Any) -> MpesaReceipt:
    """Staff type what the portal shows."""
    about = {"note": "M-PESA portal", "now": later(300), **about}
    return record_receipt(number, Decimal(amount), order=order, by=clerk, **about)


def test_money_found_in_the_portal_pays_the_attempt_that_nobody_answered(clerk: Any) -> None:
    payment = expired()

    receipt = found(payment.mpesa_order.order, clerk, number=" od123 abc45 ", paid_at=later(100))

    payment.refresh_from_db()
    order = Order.objects.get()
    assert (receipt.number, receipt.source, receipt.paid_at) == (NUMBER, ReceiptSource.STAFF, later(100))
    assert (receipt.payment, receipt.allocation, receipt.note) == (payment, Allocation.APPLIED, "M-PESA portal")
    assert (receipt.allocated_by, receipt.allocated_by_name) == (clerk, "Achieng Were")
    assert (payment.status, order.status) == ("completed", "Being processed")
    assert order.sources.get().reference == NUMBER
    event = MpesaEvent.objects.get(type="receipt_recorded")
    assert (event.by, event.params) == (clerk, {"after": "applied", "note": "M-PESA portal"})


def test_the_missing_code_of_money_that_is_known_is_filled_in(clerk: Any) -> None:
    payment = new_payment()
    apply_update(payment, said_by_query("0"), now=later(30))

    receipt = found(payment.mpesa_order.order, clerk)

    assert (MpesaReceipt.objects.count(), receipt.number, receipt.allocation) == (1, NUMBER, Allocation.APPLIED)
    assert Order.objects.get().sources.get().reference == NUMBER


def test_a_code_goes_to_the_paid_attempt_that_lacks_one_rather_than_to_a_failed_one(clerk: Any) -> None:
    first = new_payment(phone=CANCELS)
    post(first, failure(first), now=later(10))
    second = new_payment(first.mpesa_order.order, phone=ANOTHER, now=later(90))
    apply_update(second, said_by_query("0"), now=later(120))

    receipt = found(first.mpesa_order.order, clerk)

    assert (receipt.payment, MpesaReceipt.objects.count()) == (second, 1)


def test_money_goes_to_the_attempt_without_an_answer_rather_than_to_a_failed_one(clerk: Any) -> None:
    first = new_payment(phone=CANCELS)
    post(first, failure(first), now=later(10))
    second = expired(first.mpesa_order.order, phone=ANOTHER, now=later(90))

    assert found(first.mpesa_order.order, clerk).payment == second


def test_money_that_several_attempts_may_have_brought_belongs_to_the_order_alone(clerk: Any) -> None:
    first = expired()
    expired(first.mpesa_order.order, phone=ANOTHER, now=later(200))

    receipt = found(first.mpesa_order.order, clerk)

    assert (receipt.payment, receipt.allocation) == (None, Allocation.APPLIED)
    assert Order.objects.get().status == "Being processed"
    assert {due.kind for due in receipt.outbox_messages.all()} == {MessageKind.ORDER_PAID, MessageKind.PAID_EMAIL}
    assert MpesaEvent.objects.get(type="receipt_recorded").mpesa_order_id == first.order_id


def test_an_attempt_that_was_never_sent_brought_no_money(clerk: Any) -> None:
    unsent = new_payment(sent=False)

    assert found(unsent.mpesa_order.order, clerk).payment is None


def test_staff_may_say_which_attempt_it_was(clerk: Any) -> None:
    first = expired()
    second = expired(first.mpesa_order.order, phone=ANOTHER, now=later(200))

    assert found(first.mpesa_order.order, clerk, payment=second).payment == second


def test_an_attempt_of_another_order_is_a_mistake(clerk: Any) -> None:
    with pytest.raises(MpesaPayment.DoesNotExist):
        found(expired().mpesa_order.order, clerk, payment=expired(phone=ANOTHER))

    assert not MpesaReceipt.objects.exists()


def test_an_order_of_another_method_can_be_paid_by_money_that_was_found(clerk: Any) -> None:
    order = new_order(status="Pending")

    receipt = found(order, clerk)

    row = MpesaOrder.objects.get(pk=order.pk)
    assert (receipt.allocation, row.close_check_at, row.order.status) == (Allocation.APPLIED, None, "Being processed")


def test_another_amount_for_the_order_alone_waits_for_a_person(clerk: Any) -> None:
    receipt = found(new_order(status="Pending"), clerk, amount=1400)

    assert (receipt.allocation, receipt.booked_at) == (Allocation.MISMATCH, None)
    assert receipt.reason == "wrong_total"


def test_another_amount_for_an_attempt_holds_it(clerk: Any) -> None:
    payment = expired()

    receipt = found(payment.mpesa_order.order, clerk, amount=1400)

    payment.refresh_from_db()
    assert (receipt.allocation, payment.on_hold, payment.status) == (Allocation.MISMATCH, True, "expired")
    with pytest.raises(PaymentOnHold):
        found(payment.mpesa_order.order, clerk, number="OD222BBB22", payment=payment)


def test_a_hold_that_begins_while_staff_type_is_seen_under_the_lock(clerk: Any) -> None:
    payment = expired()
    stale = MpesaPayment.objects.get()
    found(payment.mpesa_order.order, clerk, amount=1400)

    with pytest.raises(PaymentOnHold):
        found(payment.mpesa_order.order, clerk, number="OD222BBB22", payment=stale)


@pytest.mark.parametrize(("amount", "allocation"), [(1500, Allocation.SURPLUS), (7, Allocation.SURPLUS)])
def test_more_money_for_a_paid_order_is_surplus_and_replaces_no_other_code(
    clerk: Any, amount: int, allocation: str
) -> None:
    payment = expired()
    found(payment.mpesa_order.order, clerk)

    by_order = found(payment.mpesa_order.order, clerk, number="OD222BBB22", amount=amount)
    by_attempt = found(payment.mpesa_order.order, clerk, number="OD333CCC33", amount=amount, payment=payment)

    assert (by_order.allocation, by_attempt.allocation) == (allocation, allocation)
    assert (by_order.payment, by_attempt.payment) == (None, payment)
    assert MpesaReceipt.objects.get(number=NUMBER).allocation == Allocation.APPLIED
    assert Order.objects.get().sources.get().amount_debited == 1500


def test_a_code_is_recorded_once(clerk: Any) -> None:
    paid = pay(new_payment())

    with pytest.raises(ReceiptKnown) as refusal:
        found(new_order(status="Pending"), clerk)

    assert refusal.value.receipt == paid.receipts.get()
    assert MpesaOrder.objects.count() == 1


def test_who_has_no_permission_records_nothing() -> None:
    order = expired().mpesa_order.order

    with pytest.raises(PermissionDenied):
        found(order, new_clerk("apply_receipt", "record_return"))

    assert not MpesaReceipt.objects.exists()


@pytest.mark.parametrize(
    ("told", "error"),
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
def test_what_cannot_be_true_is_not_recorded(clerk: Any, told: dict[str, Any], error: type[Exception]) -> None:
    order = expired().mpesa_order.order

    with pytest.raises(error):
        found(order, clerk, **told)

    assert not MpesaReceipt.objects.exists()


def test_an_order_in_another_currency_is_no_m_pesa_order(clerk: Any) -> None:
    with pytest.raises(OtherCurrency):
        found(new_order(currency="USD"), clerk)


def test_a_code_that_is_written_down_elsewhere_in_the_same_moment_is_looked_for_once_more(clerk: Any) -> None:
    """The row that was faster is undone with ours here, so that the second look finds the code free."""
    order, other = new_order(), new_order()

    def overtake(instance: MpesaReceipt, **_: Any) -> None:
        pre_save.disconnect(overtake, sender=MpesaReceipt)
        twin = copy(instance)
        twin.order = other
        MpesaReceipt.objects.bulk_create([twin])

    pre_save.connect(overtake, sender=MpesaReceipt)
    receipt = found(order, clerk)

    assert MpesaReceipt.objects.get() == receipt
    assert (receipt.number, receipt.order) == (NUMBER, order)


def test_money_for_an_order_whose_only_request_failed_belongs_to_the_order_alone(clerk: Any) -> None:
    payment = new_payment()
    post(payment, failure(payment), now=later(10))

    receipt = found(payment.mpesa_order.order, clerk)

    payment.refresh_from_db()
    assert (receipt.payment, receipt.allocation, payment.status) == (None, Allocation.APPLIED, "cancelled")


def test_a_code_mistyped_for_the_order_alone_gives_way_to_safaricom_s(clerk: Any) -> None:
    payment = new_payment()
    post(payment, failure(payment), now=later(10))
    typed = found(payment.mpesa_order.order, clerk, number="OD123ABC4S")

    pay(payment, now=later(400))

    receipt = MpesaReceipt.objects.get()
    assert (receipt.pk, receipt.number, receipt.payment) == (typed.pk, "OD123ABC45", payment)


def test_another_amount_under_almost_the_same_code_is_other_money(clerk: Any) -> None:
    payment = new_payment()
    post(payment, failure(payment), now=later(10))
    found(payment.mpesa_order.order, clerk, number="OD123ABC4S", amount=1400)

    pay(payment, now=later(400))

    told = {receipt.number: receipt.allocation for receipt in MpesaReceipt.objects.all()}
    assert told == {"OD123ABC4S": Allocation.MISMATCH, "OD123ABC45": Allocation.APPLIED}
