"""The pages tell the consequence of a decision before it, and its result afterwards."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from oscar_mpesa.models import MpesaOrder, MpesaReceipt
from oscar_mpesa.services.allocation import allocate
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.payments import get_or_create_mpesa_order
from oscar_mpesa.services.refunds import record_refund
from oscar_mpesa.services.update_sources import push_expired
from tests.dashboard.forms import closed_payment, page_text_of, review_text
from tests.dashboard.staff import new_claim, new_receipt, page_text, staff_client, url_of
from tests.services.unmatched import mismatch, surplus
from tests.shop import ANOTHER, failure, later, new_order, new_payment, new_staff_user, pay, post

pytestmark = pytest.mark.django_db

# Record a payment


def test_future_payment_is_refused_before_the_review() -> None:
    tomorrow = (timezone.now() + timedelta(days=2)).strftime("%Y-%m-%d")

    text = review_text(new_order(), day=tomorrow)

    assert "Enter a time that is not in the future." in text
    assert "Please double-check" not in text and "See the money of this order" not in text


def test_review_warns_that_a_paid_order_is_paid_twice() -> None:
    text = review_text(pay(new_payment()).mpesa_order.order)

    assert "This order is already paid, so the payment does not count for it." in text


def test_review_warns_that_a_restored_basket_needs_a_decision() -> None:
    order = new_order()
    get_or_create_mpesa_order(order.pk, now=later(1))
    MpesaOrder.objects.update(basket_restored_at=later(95))

    text = review_text(order)

    assert "The items of this order went back into the basket, so the payment does not count for it." in text
    assert "marks this order paid" not in text


def test_review_of_a_missing_code_warns_of_no_second_payment() -> None:
    payment = pay(new_payment())
    MpesaReceipt.objects.update(number=None)

    text = review_text(payment.mpesa_order.order)

    assert payment.mpesa_order.order.number in text and "Please double-check" in text
    assert "Money of this amount, without a code, arrived for this order. The code is shown with it." in text
    assert "already paid" not in text


# Payments


def test_paid_payment_of_another_amount_is_shown_as_paid_with_its_money() -> None:
    payment = mismatch().payment
    assert payment is not None

    text = page_text_of("payment", payment.pk)

    facts = text.partition("Facts")[2].partition("Started")[0]
    assert "Status paid M-PESA code KSh 1,400 · OD123ABC45 · wrong amount" in facts
    balance = "Amount due KSh 1,500 · Received KSh 0 · Refunded KSh 0 · Balance KSh 1,500 missing"
    assert f"{balance} · Waits for a decision KSh 1,400" in facts
    assert "Decide about KSh 1,400 (OD123ABC45)" in text


def test_part_payment_is_never_shown_as_paid() -> None:
    receipt = mismatch(amount=1000)
    allocate(receipt, receipt.meant_for, by=new_staff_user("match_receipt"), now=later(60))

    text = page_text_of("payment", receipt.payment_id)

    assert (
        "Partly paid. KSh 1,000 (M-PESA code OD123ABC45) arrived on 23 Nov 2026, 15:00: matched to this order." in text
    )
    assert "We received KSh 1,000 for your order. KSh 500 is still missing." in text
    assert "Amount due KSh 1,500 · Received KSh 1,000 · Refunded KSh 0 · Balance KSh 500 missing" in text


def test_closing_says_what_happens_to_money_that_counts() -> None:
    receipt = mismatch(amount=1000)
    allocate(receipt, receipt.meant_for, by=new_staff_user("match_receipt"), now=later(60))
    new_claim(receipt.meant_for, amount=300, at=later(90))
    client = staff_client("close_order")

    text = page_text(client.get(url_of("payment", receipt.payment_id)))

    assert (
        "KSh 1,000 counts for it now. It will be unmatched. KSh 300 that staff recorded counts for it now. It will "
        "count for nothing." in text
    )
    assert "counts for it now" not in page_text(client.get(url_of("payment", new_payment(phone=ANOTHER).pk)))


def test_receipt_of_which_too_much_was_refunded_says_how_to_void_it() -> None:
    receipt = new_receipt(status="unmatched", unallocated=-500)

    text = page_text_of("receipt", receipt.pk)

    assert "more than that was refunded. Please double-check the refunds. If one was not sent, void it below." in text
    assert "Match it to an order" not in text and "Resolve it with a note" not in text


def test_money_that_staff_recorded_is_not_said_to_be_received() -> None:
    receipt = mismatch(amount=1000)
    allocate(receipt, receipt.meant_for, by=new_staff_user("match_receipt"), now=later(60))
    new_claim(receipt.meant_for, amount=300, at=later(90))

    text = page_text_of("payment", receipt.payment_id)

    assert "KSh 1,300 is recorded for your order. KSh 200 is still missing." in text


def test_part_refund_is_never_shown_as_plainly_paid() -> None:
    receipt = MpesaReceipt.objects.get(payment=pay(new_payment()))
    clerk = new_staff_user("record_refund")
    record_refund(receipt, amount=Decimal(500), code="UKQ0000001", by=clerk, now=later(60))

    text = page_text_of("payment", receipt.payment_id)

    assert "Paid, and partly refunded." in text
    assert ": KSh 1,000 matched to this order, KSh 500 refunded." in text
    assert (
        "Your payment arrived. There is nothing more to pay. Of KSh 1,500 (M-PESA code OD123ABC45) we refunded" in text
    )


def test_recorded_payment_is_listed_as_other_money_of_the_order() -> None:
    payment = closed_payment()
    claim = new_claim(payment.mpesa_order.order)

    text = page_text_of("payment", payment.pk)

    row = "KSh 1,500 · OD777KKK77 · recorded by staff; Safaricom has not reported it yet"
    assert f"Other money for the order {row}" in text
    assert "The order is paid, but not by this payment." in text
    assert url_of("claim", claim.pk) in staff_client().get(url_of("payment", payment.pk)).content.decode()


def test_summary_names_the_result_of_the_last_payment() -> None:
    order = new_order()
    first = new_payment(order)
    apply_update(first, push_expired(), now=later(150))
    last = new_payment(order, phone=ANOTHER, now=later(200))
    post(last, failure(last, code=1), now=later(210))

    of_first, of_last = (page_text_of("payment", each.pk).partition("Say:")[2] for each in (first, last))

    assert "The last payment: balance too low." in of_first
    assert "The last payment: balance too low." in of_last


def test_closed_order_offers_no_new_prompt() -> None:
    text = page_text_of("payment", closed_payment().pk)

    assert "The order is closed: no new prompt can be sent for it." in text
    assert "Send a prompt" not in text


def test_summary_names_the_refund_and_its_reference() -> None:
    receipt = surplus()
    clerk = new_staff_user("record_refund")
    record_refund(receipt, amount=receipt.amount, code="UKQ0000001", by=clerk, now=later(60))

    text = page_text_of("payment", receipt.payment_id).partition("Say:")[2]

    assert "Your order is paid." in text
    assert "Of KSh 1,500 (M-PESA code OD222BBB22) we refunded KSh 1,500 on" in text
    assert ": UKQ0000001." in text


def test_setup_page_shows_the_settings_of_a_till() -> None:
    text = page_text_of("setup")

    assert "MPESA_SHORTCODE_TYPE=paybill MPESA_TILL_NUMBER=…" in text
    assert "MPESA_SHORTCODE=7654321 no kind: the till's number says it" in text
