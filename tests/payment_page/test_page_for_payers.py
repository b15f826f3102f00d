"""What readers of a payment link see: what is to pay, and payers their own payment."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from oscar_mpesa.models import MpesaPayment, MpesaReceipt
from oscar_mpesa.payment_page.page import PaymentPage, payment_page
from oscar_mpesa.payment_page.queries import latest_payment
from oscar_mpesa.services.allocation import allocate
from oscar_mpesa.services.claims import record_claim
from oscar_mpesa.services.payments import retry_payment
from tests.payment_results import cancelled
from tests.shop import ANOTHER, failure, later, new_payment, pay, post, success

pytestmark = pytest.mark.django_db(transaction=True)

NOTHING = "There is nothing left to pay."
NOT_WAITING = "This order isn't waiting for a payment."


def pages_of(payment: MpesaPayment, *, at: float = 200) -> tuple[PaymentPage, PaymentPage]:
    """Return the page for the payer and for other readers of the link."""
    page = payment_page(latest_payment(payment.mpesa_order.public_id), now=later(at))
    return page.for_payer(started_it=True), page.for_payer(started_it=False)


def claim(payment: MpesaPayment, amount: int, by: Any) -> None:
    order = payment.mpesa_order.order
    record_claim("OD555EEE55", Decimal(amount), order=order, by=by, note="statement", now=later(60))


def facts_of(page: PaymentPage) -> tuple[Any, ...]:
    return (page.state, page.amount, page.receipt_number, page.sentence)


def test_payer_sees_no_code_of_money_that_staff_recorded(admin_user: Any) -> None:
    payment = cancelled()
    claim(payment, 1500, admin_user)

    payer, other = pages_of(payment)

    assert (payer.state, payer.receipt_number, payer.sentence) == ("paid", "", NOTHING)
    assert (other.state, other.receipt_number, other.sentence) == ("paid", "", NOTHING)


def test_payer_of_the_rest_sees_the_own_amount_and_code(admin_user: Any) -> None:
    first = cancelled()
    claim(first, 500, admin_user)
    again = retry_payment(first.mpesa_order.order, phone=ANOTHER, now=later(100))
    again.refresh_from_db()
    pay(again, now=later(110))

    payer, other = pages_of(again)

    assert facts_of(payer) == ("paid", 1000, "OD123ABC45", "")
    assert (other.state, other.receipt_number, other.sentence) == ("paid", "", NOTHING)
    assert (payer.kept, other.kept) == ((), ())


@pytest.mark.parametrize(("code", "own"), [(1032, True), (2001, True), (1, False)])
def test_payer_types_the_own_number_again_unless_another_is_needed(code: int, own: bool) -> None:
    payment = new_payment()
    post(payment, failure(payment, code=code))

    payer, other = pages_of(payment)

    owners = payment_page(latest_payment(payment.mpesa_order.public_id), now=later(200))
    asked = (payer.asks_for_own_number, other.asks_for_own_number, owners.asks_for_own_number)
    assert asked == (own, True, False)


def test_part_payment_is_named_to_its_payer_without_other_money(admin_user: Any) -> None:
    payment = new_payment()
    post(payment, success(payment, amount=400))
    allocate(MpesaReceipt.objects.get(), payment.mpesa_order.order, by=admin_user, now=later(50))
    claim(payment, 500, admin_user)

    payer, other = pages_of(payment)

    own = "Your KSh 400 (M-PESA code OD123ABC45) has arrived. KSh 600 is left to pay."
    assert facts_of(payer) == ("part-paid", 600, "OD123ABC45", own)
    assert facts_of(other) == ("to-pay", 600, "", "")


def test_payer_of_a_failed_payment_sees_only_what_is_to_pay(admin_user: Any) -> None:
    payment = cancelled()
    claim(payment, 500, admin_user)

    payer, other = pages_of(payment)

    assert facts_of(payer) == facts_of(other) == ("to-pay", 1000, "", "")


def test_payer_of_a_wrong_amount_reads_about_it_and_others_do_not() -> None:
    payment = new_payment()
    post(payment, success(payment, amount=1400))

    payer, other = pages_of(payment)

    assert payer.sentence.startswith("KSh 1,400 arrived; the prompt asked for KSh 1,500.")
    assert (payer.state, payer.receipt_number) == ("mismatch", "OD123ABC45")
    assert (other.state, other.receipt_number, other.sentence) == ("not-waiting", "", NOT_WAITING)
