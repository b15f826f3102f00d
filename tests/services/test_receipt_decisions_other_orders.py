"""Staff match waiting money to another order than it came for (M7, M16)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from oscar.core.loading import get_model

from oscar_mpesa.models import Allocation, MessageKind, MpesaOrder, MpesaOutboxMessage, MpesaPayment, MpesaReceipt
from oscar_mpesa.services.claims import record_receipt
from oscar_mpesa.services.exceptions import NoDecisionNeeded, OrderPaid, OtherCurrency, OtherEnvironment
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.payments import start_payment
from oscar_mpesa.services.receipt_decisions import allocate_receipt, record_refund
from tests.services.daraja_replies import CREDENTIALS
from tests.services.unmatched import events, fresh, mismatch, surplus
from tests.shop import (
    ANOTHER,
    NOON,
    PAYS,
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

Order = get_model("order", "Order")
StockRecord = get_model("partner", "StockRecord")


@pytest.fixture
def staff() -> Any:
    return new_staff_user("apply_receipt")


def books(order: Any) -> Any:
    return order.sources.get()


def test_surplus_pays_another_order_of_the_same_shopper(staff: Any) -> None:
    receipt, other = surplus(), new_order()

    allocate_receipt(receipt, other, by=staff, now=later(99))

    used = fresh(receipt)
    assert (used.allocation, used.order_id) == (Allocation.APPLIED, other.pk)
    other.refresh_from_db()
    assert (other.status, books(other).amount_debited) == ("Being processed", 1500)
    assert books(receipt.order).amount_debited == 1500
    assert events(other) == events(receipt.order) == [("surplus", "applied", "Achieng Were")]


def test_order_paid_announces_the_matched_order(staff: Any) -> None:
    receipt, other = mismatch(), new_order(total="1400.00")

    allocate_receipt(receipt, other, by=staff, now=later(99))

    announced = MpesaOutboxMessage.objects.filter(kind__in=[MessageKind.ORDER_PAID, MessageKind.PAID_EMAIL])
    assert {due.mpesa_order_id for due in announced} == {other.pk}


def test_payment_of_money_matched_elsewhere_fails_and_its_order_is_payable(staff: Any) -> None:
    receipt, other = mismatch(), new_order(total="1400.00")

    allocate_receipt(receipt, other, by=staff, now=later(60 * 60))

    payment = MpesaPayment.objects.get()
    row = MpesaOrder.objects.get(pk=payment.order_id)
    assert (payment.status, payment.on_hold, payment.live_order) == ("failed", False, None)
    assert row.pay_before == row.close_check_at == later(60 * 60 + 30 * 60)
    assert start_payment(row.order, phone=ANOTHER, now=later(60 * 61)).status == "pending"


def test_order_of_another_method_takes_the_money_and_gets_no_close_check(staff: Any) -> None:
    receipt, other = surplus(), new_order(status="Pending")

    allocate_receipt(receipt, other, by=staff, now=later(99))

    row = MpesaOrder.objects.get(pk=other.pk)
    assert (row.close_check_at, row.environment, row.order.status) == (None, "simulated", "Being processed")


def test_order_new_to_mpesa_gets_the_money_s_environment(staff: Any) -> None:
    receipt, other = surplus(), new_order(status="Pending")
    MpesaReceipt.objects.update(environment="production")

    allocate_receipt(receipt, other, by=staff, now=later(99))

    assert MpesaOrder.objects.get(pk=other.pk).environment == "production"


def test_hold_continues_while_another_wrong_amount_waits() -> None:
    receipt, staff = mismatch(), new_staff_user("apply_receipt", "record_return")
    payment = MpesaPayment.objects.get()
    post(payment, success(payment, number="OD222BBB22", amount=1300), now=later(50))

    allocate_receipt(receipt, new_order(total="1400.00"), by=staff, now=later(99))
    payment.refresh_from_db()
    in_between = (payment.status, payment.on_hold)
    second = MpesaReceipt.objects.get(number="OD222BBB22")
    record_refund(second, amount=second.amount, reference="OD999ZZZ99", by=staff, now=later(120))

    payment.refresh_from_db()
    assert in_between == ("processing", True)
    assert (payment.status, payment.on_hold) == ("failed", False)


def test_prompt_without_a_hold_stays_live_after_any_decision() -> None:
    first, staff = new_payment(), new_staff_user("record_return")
    post(first, failure(first), now=later(10))
    second = new_payment(first.mpesa_order.order, phone=ANOTHER, now=later(90))
    pay(first, now=later(95))
    post(second, success(second, number="OD222BBB22", amount=3), now=later(100))
    surplus = MpesaReceipt.objects.get(number="OD222BBB22")

    record_refund(surplus, amount=surplus.amount, reference="OD999ZZZ99", by=staff, now=later(110))

    second.refresh_from_db()
    assert (second.status, second.on_hold) == ("processing", False)


def test_changed_amount_of_money_matched_elsewhere_holds_its_payment() -> None:
    payment, staff = new_payment(), new_staff_user("apply_receipt", "record_receipt")
    claim = {"order": payment.mpesa_order.order, "payment": payment, "note": "portal", "by": staff, "now": NOON}
    receipt = record_receipt("OD123ABC45", Decimal(1400), **claim)
    other = new_order(total="1400.00")
    allocate_receipt(receipt, other, by=staff, now=later(50))
    post(payment, success(payment, amount=1300), now=later(60))
    payment.refresh_from_db()
    before = (payment.status, payment.on_hold)

    allocate_receipt(fresh(receipt), other, by=staff, accept_difference=True, now=later(99))

    payment.refresh_from_db()
    assert (before, payment.status, payment.on_hold) == (("failed", True), "failed", False)
    assert books(other).amount_debited == 1300


@pytest.mark.parametrize("is_own", [True, False], ids=["its own", "another"])
def test_paid_order_takes_no_more_money(staff: Any, is_own: bool) -> None:
    receipt = surplus()
    order = receipt.order if is_own else pay(new_payment(phone=ANOTHER), number="OD333CCC33").mpesa_order.order

    with pytest.raises(OrderPaid):
        allocate_receipt(receipt, order, by=staff, now=later(99))


def test_order_whose_money_was_refunded_takes_other_money() -> None:
    receipt, staff = surplus(), new_staff_user("apply_receipt", "record_return")
    first = MpesaReceipt.objects.get(number="OD123ABC45")
    record_refund(first, amount=first.amount, reference="OD444DDD44", by=staff, now=later(50))

    allocate_receipt(receipt, receipt.order, by=staff, now=later(99))

    assert fresh(receipt).allocation == Allocation.APPLIED


def test_order_in_another_currency_takes_no_mpesa_money(staff: Any) -> None:
    with pytest.raises(OtherCurrency):
        allocate_receipt(surplus(), new_order(currency="USD"), by=staff, now=later(99))


def test_test_money_and_real_orders_do_not_match(staff: Any, settings: Any) -> None:
    receipt, order = surplus(), new_order()
    settings.OSCAR_MPESA = {**CREDENTIALS, "ENVIRONMENT": "production", "SHORTCODE": "5123456", "TEST_MODE": False}
    real = new_order()
    start_payment(real, phone=ANOTHER, now=later(60))

    for each in (order, real):
        with pytest.raises(OtherEnvironment):
            allocate_receipt(receipt, each, by=staff, now=later(99))
    assert not MpesaOrder.objects.filter(pk=order.pk).exists()


def test_decision_about_money_matched_elsewhere_meanwhile_is_refused() -> None:
    receipt, staff = surplus(), new_staff_user("apply_receipt", "record_return")
    as_seen = fresh(receipt)
    allocate_receipt(receipt, new_order(), by=staff, now=later(99))

    with pytest.raises(NoDecisionNeeded):
        record_refund(as_seen, amount=Decimal(1500), reference="OD999ZZZ99", by=staff, now=later(100))

    assert fresh(receipt).allocation == Allocation.APPLIED


def used_elsewhere(staff: Any) -> tuple[MpesaPayment, MpesaReceipt]:
    """Match money without a code to another order than it came for."""
    first = new_payment()
    post(first, failure(first), now=later(10))
    pay(new_payment(first.mpesa_order.order, phone=ANOTHER, now=later(90)), number="OD222BBB22", now=later(95))
    apply_update(first, query_update("0"), now=later(100))
    return first, allocate_receipt(MpesaReceipt.objects.get(number=None), new_order(), by=staff, now=later(110))


def test_late_code_of_money_matched_elsewhere_is_added_to_its_books(staff: Any) -> None:
    first, receipt = used_elsewhere(staff)

    post(first, success(first), now=later(120))

    assert (fresh(receipt).number, fresh(receipt).allocation) == ("OD123ABC45", Allocation.APPLIED)
    assert books(receipt.order).reference == "OD123ABC45"
    assert books(first.mpesa_order.order).reference == "OD222BBB22"


def test_decision_keeps_the_payment_that_the_money_got_meanwhile(staff: Any) -> None:
    first, second = (new_payment(phone=phone) for phone in (ANOTHER, PAYS))
    receipt = MpesaReceipt.objects.create(
        number="OD123ABC45",
        environment="simulated",
        amount=1400,
        paid_at=NOON,
        source="staff",
        created_at=NOON,
        order=first.mpesa_order.order,
        allocation=Allocation.MISMATCH,
        allocated_at=NOON,
    )
    as_seen = fresh(receipt)
    post(first, success(first, amount=1400), now=later(5))

    with pytest.raises(NoDecisionNeeded):
        allocate_receipt(as_seen, second.mpesa_order.order, by=staff, accept_difference=True, now=later(9))

    assert fresh(receipt).payment == first


def test_changed_money_matched_elsewhere_is_listed_for_that_order(staff: Any) -> None:
    first, receipt = used_elsewhere(staff)

    post(first, success(first, amount=1400), now=later(120))
    listed = fresh(receipt)
    allocate_receipt(listed, receipt.order, by=staff, accept_difference=True, now=later(130))

    assert (listed.allocation, listed.order) == (Allocation.MISMATCH, receipt.order)
    assert (fresh(receipt).allocation, fresh(receipt).number) == (Allocation.APPLIED, "OD123ABC45")
    assert books(receipt.order).amount_debited == 1400
    assert books(first.mpesa_order.order).amount_debited == 1500
