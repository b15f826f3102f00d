"""What an order's page says of money that came anyway, and of what was decided about it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from oscar_mpesa.models import MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.payment_page.state import PaymentPage, latest_payment, payment_page
from oscar_mpesa.services.receipt_decisions import allocate_receipt, record_refund, resolve_receipt
from tests.payment_results import HALF_AN_HOUR, cancelled, paid_too_late
from tests.shop import ANOTHER, failure, later, new_order, new_payment, pay, post, success

pytestmark = pytest.mark.django_db


def told(payment: MpesaPayment, *, at: float = HALF_AN_HOUR, **about: Any) -> PaymentPage:
    return payment_page(latest_payment(payment.mpesa_order.public_id), now=later(at), **about)


def mismatched() -> MpesaPayment:
    """An attempt that brought another amount."""
    payment = new_payment()
    post(payment, success(payment, amount=1400))
    return payment


def returned(payment: MpesaPayment, by: Any, **changes: Any) -> MpesaReceipt:
    """The payment's money, sent back by hand."""
    receipt = MpesaReceipt.objects.get(payment=payment)
    told_by_staff = {"amount": receipt.amount, "reference": "OD999RET99", "now": later(60), **changes}
    return record_refund(receipt, by=by, **told_by_staff)


def test_both_payments_of_an_order_that_was_paid_twice_are_named() -> None:
    payment = pay(new_payment())
    post(payment, success(payment, number="OD333CCC33"))

    story = told(payment)

    assert story.state == "surplus"
    assert story.kept == ("KSh 1,500 (M-PESA code OD123ABC45)", "KSh 1,500 (M-PESA code OD333CCC33)")
    assert "Nobody will ask for your PIN or a fee." in story.sentence


def test_late_money_is_told_with_its_code_and_nothing_is_offered(admin_user: Any) -> None:
    payment = paid_too_late(by=admin_user)

    story = told(payment)

    assert story.state == "late"
    assert story.sentence.startswith("Your KSh 1,500 (M-PESA code OD123ABC45) arrived after order")
    assert (story.can_restore, story.can_retry, story.can_pay_otherwise) == (False, False, False)


def test_another_amount_is_told_beside_what_the_order_costs() -> None:
    story = told(mismatched())

    assert story.sentence.startswith("KSh 1,400 arrived; the order is KSh 1,500.")
    assert story.receipt_number == "OD123ABC45"


def test_money_that_was_returned_is_told_and_the_order_can_be_paid_again(admin_user: Any) -> None:
    payment = mismatched()
    returned(payment, admin_user)

    story = told(payment)

    assert (story.state, story.amount, story.receipt_number) == ("unpaid", 1500, "")
    assert story.sentence == f"Order {story.order_number} is not paid yet."
    assert story.decisions == ("The shop returned your KSh 1,400 (M-PESA code OD123ABC45) to you on 23 Nov.",)
    assert (story.can_retry, story.can_send_again, story.can_pay_otherwise) == (True, True, True)


def test_a_later_attempt_tells_its_own_end_and_the_return_below(admin_user: Any) -> None:
    payment = mismatched()
    returned(payment, admin_user)
    again = new_payment(payment.mpesa_order.order, phone=ANOTHER, now=later(70))
    live = told(payment, at=80)
    post(again, failure(again), now=later(90))

    story = told(payment, at=100)

    assert live.state == "enter-pin"
    assert story.state == "failed"
    assert story.sentence.startswith("The request was cancelled")
    assert len(story.decisions) == 1


def test_money_that_was_returned_in_part_is_told_so(admin_user: Any) -> None:
    payment = mismatched()
    returned(payment, admin_user, amount=Decimal(1000))

    decisions = told(payment).decisions

    assert decisions == ("The shop returned KSh 1,000 of your KSh 1,400 (M-PESA code OD123ABC45) to you on 23 Nov.",)


def test_the_money_of_a_closed_order_that_was_returned_leads_and_its_things_can_be_had(admin_user: Any) -> None:
    payment = paid_too_late(by=admin_user)
    returned(payment, admin_user)

    story = told(payment)

    assert (story.state, story.can_retry, story.can_restore) == ("returned", False, True)
    assert story.sentence == "The shop returned your KSh 1,500 (M-PESA code OD123ABC45) to you on 23 Nov."
    assert story.decisions == ()


def test_a_paid_order_whose_money_was_returned_is_not_called_paid(admin_user: Any) -> None:
    payment = pay(new_payment())
    returned(payment, admin_user)

    assert told(payment).state == "returned"


def test_a_second_payment_that_was_returned_is_told_below_the_first(admin_user: Any) -> None:
    payment = pay(new_payment())
    post(payment, success(payment, number="OD333CCC33"))
    record_refund(
        MpesaReceipt.objects.get(number="OD333CCC33"), amount=Decimal(1500), reference="R", by=admin_user, now=later(60)
    )

    story = told(payment)

    assert (story.state, story.receipt_number) == ("paid", "OD123ABC45")
    assert story.decisions == ("The shop returned your KSh 1,500 (M-PESA code OD333CCC33) to you on 23 Nov.",)


def test_money_that_paid_another_order_is_told_with_its_number(admin_user: Any) -> None:
    payment, other = paid_too_late(by=admin_user), new_order()
    allocate_receipt(MpesaReceipt.objects.get(), other, by=admin_user, now=later(60))

    story = told(payment)

    assert (story.state, story.can_restore) == ("used", False)
    assert story.sentence == f"Your KSh 1,500 (M-PESA code OD123ABC45) was used for order {other.number}."


def test_money_that_was_closed_with_a_note_is_said_to_be_dealt_with(admin_user: Any) -> None:
    payment = paid_too_late(by=admin_user)
    resolve_receipt(MpesaReceipt.objects.get(), note="paid out in cash", by=admin_user, now=later(60))

    story = told(payment)

    assert (story.state, story.can_restore) == ("explained", False)
    assert story.sentence == (
        "The shop has dealt with your payment of KSh 1,500 (M-PESA code OD123ABC45). If you have questions, call us."
    )
    assert "cash" not in story.sentence


def test_money_in_the_books_that_was_closed_with_a_note_stays_paid(admin_user: Any) -> None:
    payment = pay(new_payment())
    MpesaReceipt.objects.update(allocation="mismatch")
    looked_at = told(payment).state
    resolve_receipt(MpesaReceipt.objects.get(), note="the shop takes the loss", by=admin_user, now=later(60))

    assert (looked_at, told(payment).state) == ("mismatch", "paid")


def test_without_money_the_story_costs_one_query(django_assert_num_queries: Any) -> None:
    public_id = cancelled().mpesa_order.public_id

    with django_assert_num_queries(1):
        payment_page(latest_payment(public_id), now=later(30))


def test_a_payment_that_was_read_elsewhere_is_told_by_its_money_all_the_same() -> None:
    payment = MpesaPayment.objects.get(pk=pay(new_payment()).pk)

    assert payment_page(payment, now=later(30)).state == "paid"
    assert MpesaOrder.objects.get().closed_at is None
