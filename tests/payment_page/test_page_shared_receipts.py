"""The payment pages of two orders that share the money of one receipt."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaOrder, MpesaPayment, MpesaReceipt, RefundPurpose
from oscar_mpesa.oscar_adapter.order_messages import unmatched_receipt_message
from oscar_mpesa.payment_page.page import PaymentPage, payment_page
from oscar_mpesa.payment_page.queries import latest_payment
from oscar_mpesa.services.allocation import allocate
from oscar_mpesa.services.claims import record_claim
from oscar_mpesa.services.payments import retry_payment
from oscar_mpesa.services.refunds import record_refund
from tests.services.unmatched import surplus
from tests.shop import ANOTHER, failure, later, new_order, new_payment, pay, post, success

pytestmark = pytest.mark.django_db(transaction=True)


def page_of(order: Any, *, at: float = 200) -> PaymentPage:
    return payment_page(latest_payment(MpesaOrder.objects.get(order=order).public_id), now=later(at))


def unpaid_order(total: str, *, user: Any = None) -> Any:
    """Create an order with a canceled prompt."""
    payment = new_payment(new_order(total=total, user=user), phone=ANOTHER)
    post(payment, failure(payment), now=later(5))
    return payment.mpesa_order.order


def split(by: Any, *, user: Any = None) -> tuple[Any, Any]:
    """Split KSh 1,100: 300 count for another order, 300 of the own order's 600 were refunded, 200 wait."""
    payment, other = new_payment(new_order(total="600.00")), unpaid_order("300.00", user=user)
    own = payment.mpesa_order.order
    post(payment, success(payment, amount=1100))
    receipt = MpesaReceipt.objects.get()
    allocate(receipt, own, amount=Decimal(300), by=by, now=later(60))
    purpose = RefundPurpose.PAYMENT_RETURNED
    refunded = Decimal(300)
    record_refund(receipt, amount=refunded, code="RX1", purpose=purpose, by=by, now=later(65))
    allocate(receipt, other, amount=Decimal(300), by=by, now=later(70))
    return own, other


def test_order_that_money_was_not_meant_for_names_only_its_own_part(admin_user: Any) -> None:
    _, other = split(admin_user, user=admin_user)

    page = page_of(other)

    assert (page.state, page.amount, page.receipt_number) == ("paid", 300, "")
    assert (page.kept, page.decisions, page.sentence) == (("KSh 300",), (), "")
    assert page.awaits_code is False


def test_same_customers_other_order_shows_the_code_and_no_refund(admin_user: Any) -> None:
    _, other = split(admin_user)

    page = page_of(other)

    assert (page.state, page.amount, page.receipt_number) == ("paid", 300, "OD123ABC45")
    assert (page.kept, page.decisions) == (("KSh 300 (M-PESA code OD123ABC45)",), ())


@pytest.mark.parametrize("is_same", [True, False], ids=["same customer", "another customer"])
def test_order_that_money_was_meant_for_counts_each_part_once(admin_user: Any, is_same: bool) -> None:
    own, other = split(admin_user, user=None if is_same else admin_user)

    decision = " ".join(page_of(own).decisions)

    used_for = f"order {other.number}" if is_same else "another order"
    assert decision == (
        "The shop refunded KSh 300 of your KSh 1,100 (M-PESA code OD123ABC45) on 23 Nov. "
        f"KSh 300 of your KSh 1,100 (M-PESA code OD123ABC45) was used for {used_for}."
    )


def test_other_customers_refunded_money_leaves_no_trace(admin_user: Any) -> None:
    payment, other = new_payment(), unpaid_order("1400.00", user=admin_user)
    post(payment, success(payment, amount=1400))
    receipt = MpesaReceipt.objects.get()
    allocate(receipt, other, by=admin_user, now=later(60))
    purpose = RefundPurpose.PAYMENT_RETURNED
    record_refund(receipt, amount=Decimal(1400), code="RX1", purpose=purpose, by=admin_user, now=later(70))

    page = page_of(other)

    assert (page.kept, page.decisions) == ((), ())
    assert "1,400 (M-PESA" not in page.sentence
    own = page_of(payment.mpesa_order.order)
    assert own.decisions == ("The shop refunded your KSh 1,400 (M-PESA code OD123ABC45) on 23 Nov.",)


def test_decisions_cost_two_queries_for_all_receipts(admin_user: Any, django_assert_num_queries: Any) -> None:
    surplus()
    for receipt in MpesaReceipt.objects.all():
        code = f"R{receipt.pk}"
        record_refund(receipt, amount=Decimal(100), code=code, by=admin_user, now=later(100))
    public_id = MpesaOrder.objects.get().public_id

    with django_assert_num_queries(4):
        page = payment_page(latest_payment(public_id), now=later(200))

    assert len((page.sentence, *page.decisions)) == 3


def test_order_paid_in_parts_is_not_called_paid_twice(admin_user: Any) -> None:
    first = new_payment()
    order = first.mpesa_order.order
    post(first, failure(first), now=later(5))
    second = new_payment(order, phone=ANOTHER, now=later(6))
    post(second, success(second, amount=700, number="OD222BBB22"), now=later(9))
    allocate(MpesaReceipt.objects.get(), order, by=admin_user, now=later(10))
    third = retry_payment(order, phone=ANOTHER, now=later(100))
    third.refresh_from_db()
    pay(third, number="OD333CCC33", now=later(110))
    post(first, success(first), now=later(120))

    page = page_of(order)

    assert (page.state, page.heading) == ("surplus", "Too much was paid")
    assert page.sentence.startswith(f"We received KSh 1,500 more than order {order.number} needs. The shop")
    receipt = MpesaReceipt.objects.get(number="OD123ABC45")
    assert unmatched_receipt_message(receipt, MpesaOrder.objects.get()) == page.sentence


def test_closed_order_says_its_recorded_payment_is_looked_at(admin_user: Any, django_assert_num_queries: Any) -> None:
    order = unpaid_order("1500.00")
    record_claim("OD555EEE55", Decimal(1500), order=order, by=admin_user, note="statement", now=later(10))
    get_model("order", "Order").objects.get(pk=order.pk).set_status("Cancelled")
    public_id = MpesaOrder.objects.get().public_id

    with django_assert_num_queries(1):
        payment: MpesaPayment = latest_payment(public_id)
    page = payment_page(payment, now=later(200))

    assert page.state == "closed"
    assert page.sentence == (
        f"The shop closed order {order.number}. "
        "The shop is checking the payment that it recorded for this order. Don't pay again."
    )
