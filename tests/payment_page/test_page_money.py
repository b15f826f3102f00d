"""The payment page of orders with unmatched, refunded or resolved receipts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from oscar_mpesa.models import MpesaAllocation, MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.payment_page.page import PaymentPage, payment_page
from oscar_mpesa.payment_page.queries import latest_payment
from oscar_mpesa.services.allocation import allocate, resolve_receipt, reverse_allocation
from oscar_mpesa.services.claims import record_claim
from oscar_mpesa.services.order_changes import reassess
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.refunds import record_refund
from tests.payment_results import HALF_AN_HOUR, cancelled, paid_too_late
from tests.shop import ANOTHER, failure, later, new_order, new_payment, pay, post, query_update, success

pytestmark = pytest.mark.django_db


def page_of(payment: MpesaPayment, *, at: float = HALF_AN_HOUR, **about: Any) -> PaymentPage:
    return payment_page(latest_payment(payment.mpesa_order.public_id), now=later(at), **about)


def wrong_amount() -> MpesaPayment:
    """Create a payment of the wrong amount."""
    payment = new_payment()
    post(payment, success(payment, amount=1400))
    return payment


def refund(payment: MpesaPayment, by: Any, **changes: Any) -> MpesaReceipt:
    """Record a refund of the payment's receipt."""
    receipt = MpesaReceipt.objects.get(payment=payment)
    values = {"amount": receipt.amount, "code": "OD999RET99", "now": later(60), **changes}
    record_refund(receipt, by=by, **values)
    return receipt


def paid_twice() -> MpesaPayment:
    """Create an order with a second payment after the first one, whose success came late."""
    order = new_order()
    first = new_payment(order)
    post(first, failure(first), now=later(5))
    second = pay(new_payment(order, phone=ANOTHER, now=later(6)), now=later(9))
    post(first, success(first, number="OD333CCC33"), now=later(20))
    return second


def test_order_paid_twice_names_both_payments() -> None:
    page = page_of(paid_twice())

    assert (page.state, page.heading, page.amount) == ("surplus", "Paid twice", 1500)
    assert set(page.kept) == {"KSh 1,500 (M-PESA code OD123ABC45)", "KSh 1,500 (M-PESA code OD333CCC33)"}
    assert page.sentence.startswith("We received two payments for this order. One is enough.")
    assert "Nobody will ask for your PIN or a fee." in page.sentence


def test_one_payment_above_the_total_is_not_called_paid_twice(admin_user: Any) -> None:
    payment = new_payment()
    post(payment, success(payment, amount=2000))
    allocate(MpesaReceipt.objects.get(), payment.mpesa_order.order, by=admin_user, now=later(60))

    page = page_of(payment)

    assert (page.state, page.heading, page.amount) == ("surplus", "Too much was paid", 500)
    assert page.sentence == (
        f"We received KSh 500 more than order {page.order_number} needs. The shop has been asked to refund it to the "
        "number that paid. Nobody will ask for your PIN or a fee."
    )
    assert page.kept == ("KSh 2,000 (M-PESA code OD123ABC45)",)


def test_late_payment_names_its_code_and_offers_nothing(admin_user: Any) -> None:
    payment = paid_too_late(by=admin_user)

    page = page_of(payment)

    assert page.state == "late"
    assert page.sentence.startswith("Your KSh 1,500 (M-PESA code OD123ABC45) arrived after order")
    assert (page.can_restore, page.can_retry, page.can_pay_otherwise) == (False, False, False)


def test_wrong_amount_names_both_amounts() -> None:
    page = page_of(wrong_amount())

    assert page.sentence.startswith("KSh 1,400 arrived; the prompt asked for KSh 1,500.")
    assert page.receipt_number == "OD123ABC45"


def test_refunded_order_can_be_paid_again(admin_user: Any) -> None:
    payment = wrong_amount()
    refund(payment, admin_user)

    page = page_of(payment)

    assert (page.state, page.amount, page.receipt_number) == ("unpaid", 1500, "")
    assert page.sentence == f"Order {page.order_number} is waiting for KSh 1,500."
    assert page.decisions == ("The shop refunded your KSh 1,400 (M-PESA code OD123ABC45) on 23 Nov.",)
    assert (page.can_retry, page.can_send_again, page.can_pay_otherwise) == (True, True, True)


def test_later_payment_shows_its_result_above_the_refund(admin_user: Any) -> None:
    payment = wrong_amount()
    refund(payment, admin_user)
    again = new_payment(payment.mpesa_order.order, phone=ANOTHER, now=later(70))
    live = page_of(payment, at=80)
    post(again, failure(again), now=later(90))

    page = page_of(payment, at=100)

    assert live.state == "enter-pin"
    assert page.state == "failed"
    assert page.sentence.startswith("The prompt was canceled")
    assert len(page.decisions) == 1


def test_partial_refund_is_shown(admin_user: Any) -> None:
    payment = wrong_amount()
    refund(payment, admin_user, amount=Decimal(1000))

    decisions = page_of(payment).decisions

    assert decisions == ("The shop refunded KSh 1,000 of your KSh 1,400 (M-PESA code OD123ABC45) on 23 Nov.",)


def test_refund_of_closed_order_leads_and_basket_can_be_restored(admin_user: Any) -> None:
    payment = paid_too_late(by=admin_user)
    refund(payment, admin_user)

    page = page_of(payment)

    assert (page.state, page.can_retry, page.can_restore) == ("returned", False, True)
    assert page.sentence == "The shop refunded your KSh 1,500 (M-PESA code OD123ABC45) on 23 Nov."
    assert page.decisions == ()


def test_refunded_order_is_not_called_paid(admin_user: Any) -> None:
    payment = pay(new_payment())
    refund(payment, admin_user)

    assert page_of(payment).state == "returned"


def test_refunded_second_payment_is_shown_below_the_first(admin_user: Any) -> None:
    payment = paid_twice()
    second = MpesaReceipt.objects.get(number="OD333CCC33")
    record_refund(second, amount=Decimal(1500), code="R", by=admin_user, now=later(60))

    page = page_of(payment)

    assert (page.state, page.receipt_number) == ("paid", "OD123ABC45")
    assert page.decisions == ("The shop refunded your KSh 1,500 (M-PESA code OD333CCC33) on 23 Nov.",)


def test_receipt_used_elsewhere_names_the_other_order(admin_user: Any) -> None:
    payment, other = paid_too_late(by=admin_user), new_order()
    allocate(MpesaReceipt.objects.get(), other, by=admin_user, now=later(60))

    page = page_of(payment)

    assert (page.state, page.can_restore) == ("used", True)
    assert page.sentence == f"Your KSh 1,500 (M-PESA code OD123ABC45) was used for order {other.number}."


def test_resolved_receipt_is_shown_as_dealt_with(admin_user: Any) -> None:
    payment = paid_too_late(by=admin_user)
    resolve_receipt(MpesaReceipt.objects.get(), note="paid out in cash", by=admin_user, now=later(60))

    page = page_of(payment)

    assert (page.state, page.can_restore) == ("explained", True)
    assert page.sentence == (
        "The shop has resolved your payment of KSh 1,500 (M-PESA code OD123ABC45). If you have questions, call us."
    )
    assert "cash" not in page.sentence


def test_money_of_a_canceled_order_is_not_called_late() -> None:
    payment = pay(new_payment())
    order = payment.mpesa_order.order
    order.refresh_from_db()
    order.set_status("Cancelled")
    reassess(order.pk, now=later(60))

    page = page_of(payment)

    assert (page.state, page.can_restore) == ("reviewed", False)
    assert page.sentence == (
        f"Order {order.number} was canceled. The shop has been asked to refund your KSh 1,500 (M-PESA code OD123ABC45) "
        "to the number that paid. Nobody will ask for your PIN or a fee."
    )


def test_money_that_staff_unmatched_is_reviewed(admin_user: Any) -> None:
    payment = pay(new_payment())
    reverse_allocation(MpesaAllocation.objects.get(), by=admin_user, note="another customer's", now=later(60))

    page = page_of(payment)

    assert (page.state, page.can_retry) == ("reviewed", False)
    assert page.sentence == (
        f"The shop is reviewing your KSh 1,500 (M-PESA code OD123ABC45) for order {page.order_number} and will write "
        "to you. Don't pay again."
    )


def test_part_used_for_another_order_is_shown_below_the_payment(admin_user: Any) -> None:
    payment, other = new_payment(), new_order(total="500.00")
    post(payment, success(payment, amount=2000))
    receipt = MpesaReceipt.objects.get()
    allocate(receipt, payment.mpesa_order.order, by=admin_user, now=later(60))
    allocate(receipt, other, by=admin_user, now=later(70))

    page = page_of(payment)

    assert (page.state, page.amount, page.receipt_number) == ("paid", 1500, "OD123ABC45")
    assert page.decisions == (f"KSh 500 of your KSh 2,000 (M-PESA code OD123ABC45) was used for order {other.number}.",)


def test_order_paid_by_a_claim_shows_the_shops_code(admin_user: Any) -> None:
    payment = cancelled()
    order = payment.mpesa_order.order
    record_claim("OD555EEE55", Decimal(1500), order=order, by=admin_user, note="statement", now=later(60))

    page = page_of(payment)

    assert (page.state, page.amount) == ("paid", 1500)
    assert (page.receipt_number, page.is_number_proven) == ("OD555EEE55", False)
    assert page.kept == ("KSh 1,500 (M-PESA code OD555EEE55, entered by the shop)",)


def test_code_entered_for_money_without_one_is_not_proven(admin_user: Any) -> None:
    payment = new_payment()
    apply_update(payment, query_update("0"), now=later(21))
    order = payment.mpesa_order.order
    before = page_of(payment)
    record_claim("OD555EEE55", Decimal(1500), order=order, by=admin_user, note="SMS", now=later(60))
    entered = page_of(payment)
    post(payment, success(payment, number="OD555EEE55"), now=later(90))
    proven = page_of(payment)

    assert {page.state.value for page in (before, entered, proven)} == {"paid"}
    assert (before.receipt_number, entered.receipt_number) == ("", "OD555EEE55")
    assert (entered.is_number_proven, proven.is_number_proven) == (False, True)


def test_reader_of_the_payment_link_sees_no_code_of_late_money(admin_user: Any) -> None:
    page = page_of(paid_too_late(by=admin_user))

    other, payer = page.for_payer(started_it=False), page.for_payer(started_it=True)

    assert (other.state, other.receipt_number) == ("not-waiting", "")
    assert other.sentence == "This order isn't waiting for a payment."
    assert "OD123ABC45" in payer.sentence


def test_paid_page_costs_two_queries(django_assert_num_queries: Any) -> None:
    public_id = pay(new_payment()).mpesa_order.public_id

    with django_assert_num_queries(2):
        payment_page(latest_payment(public_id), now=later(30))


def test_page_with_a_claim_costs_four_queries(admin_user: Any, django_assert_num_queries: Any) -> None:
    order = cancelled().mpesa_order.order
    record_claim("OD555EEE55", Decimal(500), order=order, by=admin_user, note="statement", now=later(60))
    public_id = MpesaOrder.objects.get().public_id

    with django_assert_num_queries(4):  # one of them asks whether the shopper pays another order later
        payment_page(latest_payment(public_id), now=later(90))


def test_page_without_receipts_costs_one_query_or_two_to_offer_pay_later(django_assert_num_queries: Any) -> None:
    live, failed = new_payment().mpesa_order.public_id, cancelled().mpesa_order.public_id

    with django_assert_num_queries(1):
        payment_page(latest_payment(live), now=later(30))
    with django_assert_num_queries(2):
        payment_page(latest_payment(failed), now=later(30))


def test_payment_loaded_elsewhere_shows_its_receipts() -> None:
    payment = MpesaPayment.objects.get(pk=pay(new_payment()).pk)

    assert payment_page(payment, now=later(30)).state == "paid"
    assert MpesaOrder.objects.get().closed_at is None
