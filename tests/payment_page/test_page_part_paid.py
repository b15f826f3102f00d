"""The payment page of orders that are paid in part."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from oscar_mpesa.models import MpesaAllocation, MpesaPayment, MpesaReceipt, RefundPurpose
from oscar_mpesa.payment_page.messages import page_text
from oscar_mpesa.payment_page.page import PaymentPage, payment_page
from oscar_mpesa.payment_page.queries import latest_payment
from oscar_mpesa.services.allocation import allocate
from oscar_mpesa.services.claims import record_claim
from oscar_mpesa.services.order_changes import reassess
from oscar_mpesa.services.order_closure import close_order
from oscar_mpesa.services.payments import retry_payment
from oscar_mpesa.services.refunds import record_refund
from tests.payment_results import cancelled
from tests.shop import ANOTHER, failure, later, new_payment, pay, post, success

pytestmark = pytest.mark.django_db(transaction=True)

PART_PAID = "KSh 500 of KSh 1,500 has arrived. KSh 1,000 is left to pay."
RECORDED = "KSh 500 of KSh 1,500 is recorded. KSh 1,000 is left to pay."
CLAIM = "KSh 500 (M-PESA code OD555EEE55, entered by the shop)"


def page_of(payment: MpesaPayment, *, at: float = 120) -> PaymentPage:
    return payment_page(latest_payment(payment.mpesa_order.public_id), now=later(at))


def part_paid(by: Any, *, number: str = "OD555EEE55") -> MpesaPayment:
    """Create a canceled payment whose order got KSh 500 of KSh 1,500 elsewhere."""
    payment = cancelled()
    record_claim(number, Decimal(500), order=payment.mpesa_order.order, by=by, note="statement", now=later(60))
    return payment


def test_part_paid_order_says_what_is_missing_and_offers_the_prompt(admin_user: Any) -> None:
    page = page_of(part_paid(admin_user))

    assert (page.state, page.heading, page.sentence) == ("part-paid", "This order is partly paid", RECORDED)
    assert (page.amount, page.kept, page.part_paid) == (1000, (CLAIM,), "")
    assert (page.can_retry, page.can_send_again, page.can_pay_otherwise, page.is_open) == (True, True, False, False)
    assert page.keep_until == later(60 + 24 * 3600)
    assert page_text(page) == RECORDED


def test_prompt_for_the_rest_keeps_the_part_payment_on_the_page(admin_user: Any) -> None:
    order = part_paid(admin_user).mpesa_order.order
    again = retry_payment(order, phone=ANOTHER, now=later(100))
    again.refresh_from_db()
    live = page_of(again, at=101)
    post(again, failure(again), now=later(110))
    failed = page_of(again)

    assert (live.state, live.amount, live.part_paid) == ("enter-pin", 1000, RECORDED)
    assert (failed.state, failed.amount, failed.part_paid) == ("failed", 1000, RECORDED)
    assert failed.sentence.startswith("The prompt was canceled")
    assert (failed.can_retry, failed.can_pay_otherwise) == (True, False)
    assert page_text(failed).endswith(RECORDED)


def test_order_paid_in_two_parts_lists_both_codes(admin_user: Any) -> None:
    order = part_paid(admin_user).mpesa_order.order
    again = retry_payment(order, phone=ANOTHER, now=later(100))
    again.refresh_from_db()

    page = page_of(pay(again, now=later(110)))

    assert (page.state, page.amount, page.receipt_number) == ("paid", 1500, "")
    assert page.kept == ("KSh 1,000 (M-PESA code OD123ABC45)", CLAIM)
    assert page.lists_money


def test_wrong_amount_that_staff_match_is_a_part_payment(admin_user: Any) -> None:
    payment = new_payment()
    post(payment, success(payment, amount=500))
    allocate(MpesaReceipt.objects.get(), payment.mpesa_order.order, by=admin_user, now=later(60))

    page = page_of(payment)

    assert (page.state, page.sentence, page.can_retry) == ("part-paid", PART_PAID, True)
    assert page.kept == ("KSh 500 (M-PESA code OD123ABC45)",)


def test_returned_part_of_a_payment_is_missing(admin_user: Any) -> None:
    payment = pay(new_payment())
    purpose = RefundPurpose.PAYMENT_RETURNED
    receipt = MpesaReceipt.objects.get()
    record_refund(receipt, amount=Decimal(1000), code="R", purpose=purpose, by=admin_user, now=later(60))

    page = page_of(payment)

    assert (page.state, page.sentence) == ("part-paid", PART_PAID)
    assert page.decisions == ("The shop refunded KSh 1,000 of your KSh 1,500 (M-PESA code OD123ABC45) on 23 Nov.",)


def test_dearer_order_of_another_status_offers_no_prompt() -> None:
    payment = pay(new_payment())
    order = payment.mpesa_order.order
    order.refresh_from_db()
    order.total_incl_tax = Decimal(1600)
    order.save()
    reassess(order.pk, now=later(60))

    page = page_of(payment)

    assert page.sentence == "KSh 1,500 of KSh 1,600 has arrived. KSh 100 is left to pay."
    assert (page.state, page.can_retry, page.can_pay_later) == ("part-paid", False, False)


def test_closed_order_says_what_happens_to_its_part_payment(admin_user: Any) -> None:
    payment = new_payment()
    post(payment, success(payment, amount=500))
    order = payment.mpesa_order.order
    allocate(MpesaReceipt.objects.get(), order, by=admin_user, now=later(60))
    close_order(order, by=admin_user, now=later(100))

    page = page_of(payment)

    assert MpesaAllocation.objects.get().reversed_at == later(100)
    assert (page.state, page.part_paid) == ("reviewed", "")
    assert page.sentence == (
        f"Order {order.number} was closed before it was paid in full. The shop will send your items or refund your "
        "KSh 500 (M-PESA code OD123ABC45), and write to you. Don't pay again."
    )


def test_reader_of_the_payment_link_sees_only_what_is_to_pay(admin_user: Any) -> None:
    page = page_of(part_paid(admin_user)).for_payer(started_it=False)

    assert (page.state, page.amount, page.sentence) == ("to-pay", 1000, "")
    assert (page.kept, page.part_paid, page.can_retry) == ((), "", True)
