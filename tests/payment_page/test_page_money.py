"""The payment page of orders with unmatched, refunded or resolved receipts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from oscar_mpesa.models import MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.payment_page.page import PaymentPage, payment_page
from oscar_mpesa.payment_page.queries import latest_payment
from oscar_mpesa.services.receipt_decisions import allocate_receipt, record_refund, resolve_receipt
from tests.payment_results import HALF_AN_HOUR, cancelled, paid_too_late
from tests.shop import ANOTHER, failure, later, new_order, new_payment, pay, post, success

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
    values = {"amount": receipt.amount, "reference": "OD999RET99", "now": later(60), **changes}
    return record_refund(receipt, by=by, **values)


def test_order_paid_twice_names_both_payments() -> None:
    payment = pay(new_payment())
    post(payment, success(payment, number="OD333CCC33"))

    page = page_of(payment)

    assert page.state == "surplus"
    assert page.kept == ("KSh 1,500 (M-PESA code OD123ABC45)", "KSh 1,500 (M-PESA code OD333CCC33)")
    assert "Nobody will ask for your PIN or a fee." in page.sentence


def test_late_payment_names_its_code_and_offers_nothing(admin_user: Any) -> None:
    payment = paid_too_late(by=admin_user)

    page = page_of(payment)

    assert page.state == "late"
    assert page.sentence.startswith("Your KSh 1,500 (M-PESA code OD123ABC45) arrived after order")
    assert (page.can_restore, page.can_retry, page.can_pay_otherwise) == (False, False, False)


def test_wrong_amount_names_both_amounts() -> None:
    page = page_of(wrong_amount())

    assert page.sentence.startswith("KSh 1,400 arrived; the order is KSh 1,500.")
    assert page.receipt_number == "OD123ABC45"


def test_refunded_order_can_be_paid_again(admin_user: Any) -> None:
    payment = wrong_amount()
    refund(payment, admin_user)

    page = page_of(payment)

    assert (page.state, page.amount, page.receipt_number) == ("unpaid", 1500, "")
    assert page.sentence == f"Order {page.order_number} is not paid yet."
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
    payment = pay(new_payment())
    post(payment, success(payment, number="OD333CCC33"))
    record_refund(
        MpesaReceipt.objects.get(number="OD333CCC33"), amount=Decimal(1500), reference="R", by=admin_user, now=later(60)
    )

    page = page_of(payment)

    assert (page.state, page.receipt_number) == ("paid", "OD123ABC45")
    assert page.decisions == ("The shop refunded your KSh 1,500 (M-PESA code OD333CCC33) on 23 Nov.",)


def test_receipt_used_elsewhere_names_the_other_order(admin_user: Any) -> None:
    payment, other = paid_too_late(by=admin_user), new_order()
    allocate_receipt(MpesaReceipt.objects.get(), other, by=admin_user, now=later(60))

    page = page_of(payment)

    assert (page.state, page.can_restore) == ("used", False)
    assert page.sentence == f"Your KSh 1,500 (M-PESA code OD123ABC45) was used for order {other.number}."


def test_resolved_receipt_is_shown_as_dealt_with(admin_user: Any) -> None:
    payment = paid_too_late(by=admin_user)
    resolve_receipt(MpesaReceipt.objects.get(), note="paid out in cash", by=admin_user, now=later(60))

    page = page_of(payment)

    assert (page.state, page.can_restore) == ("explained", False)
    assert page.sentence == (
        "The shop has resolved your payment of KSh 1,500 (M-PESA code OD123ABC45). If you have questions, call us."
    )
    assert "cash" not in page.sentence


def test_resolved_receipt_that_is_booked_stays_paid(admin_user: Any) -> None:
    payment = pay(new_payment())
    MpesaReceipt.objects.update(allocation="mismatch")
    before = page_of(payment).state
    resolve_receipt(MpesaReceipt.objects.get(), note="the shop takes the loss", by=admin_user, now=later(60))

    assert (before, page_of(payment).state) == ("mismatch", "paid")


def test_page_without_receipts_costs_one_query(django_assert_num_queries: Any) -> None:
    public_id = cancelled().mpesa_order.public_id

    with django_assert_num_queries(1):
        payment_page(latest_payment(public_id), now=later(30))


def test_payment_loaded_elsewhere_shows_its_receipts() -> None:
    payment = MpesaPayment.objects.get(pk=pay(new_payment()).pk)

    assert payment_page(payment, now=later(30)).state == "paid"
    assert MpesaOrder.objects.get().closed_at is None
