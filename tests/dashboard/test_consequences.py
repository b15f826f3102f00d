"""The pages tell the consequence of a decision before it, and its result afterwards."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from oscar_mpesa.models import MpesaOrder, MpesaReceipt
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.payments import get_or_create_mpesa_order
from oscar_mpesa.services.receipt_decisions import allocate_receipt, record_refund
from oscar_mpesa.services.update_sources import push_expired
from tests.dashboard.forms import closed_payment, page_text_of, restore_basket, review_text
from tests.dashboard.staff import ALL, page_text, receipt_url, staff_client, url_of
from tests.services.unmatched import mismatch, surplus
from tests.shop import ANOTHER, failure, later, new_order, new_payment, new_staff_user, pay, post

pytestmark = pytest.mark.django_db

REFUND = {"refund-day": "2026-11-23", "refund-reference": "UKQ0000001", "refund-sent": "on"}


# Record a payment


def test_future_payment_is_refused_before_the_review() -> None:
    tomorrow = (timezone.now() + timedelta(days=2)).strftime("%Y-%m-%d")

    text = review_text(new_order(), day=tomorrow)

    assert "Enter a time that is not in the future." in text
    assert "Please double-check" not in text and "See the money of this order" not in text


def test_review_warns_that_a_paid_order_is_paid_twice() -> None:
    text = review_text(pay(new_payment()).mpesa_order.order)

    assert "This order is already paid: this money will count as overpaid and wait for a decision." in text


def test_review_warns_that_a_restored_basket_needs_a_decision() -> None:
    order = new_order()
    get_or_create_mpesa_order(order.pk, now=later(1))
    MpesaOrder.objects.update(basket_restored_at=later(95))

    text = review_text(order)

    assert "The items of this order went back into the basket: this money will wait for a decision." in text
    assert "marks this order paid" not in text


def test_review_of_a_missing_code_warns_of_no_second_payment() -> None:
    payment = pay(new_payment())
    MpesaReceipt.objects.update(number=None, awaiting_number=payment.pk)

    text = review_text(payment.mpesa_order.order)

    assert payment.mpesa_order.order.number in text and "Please double-check" in text
    assert "count as overpaid" not in text


# Undecided receipts


def test_receipt_page_offers_a_refund_as_a_choice() -> None:
    receipt = surplus()
    used: Any = MpesaReceipt.objects.exclude(pk=receipt.pk).get()
    client = staff_client(*ALL)

    of_waiting, of_used = (page_text(client.get(receipt_url(each))) for each in (receipt, used))

    assert "Record a refund" in of_waiting and "It was refunded" not in of_waiting
    assert "This money paid order" not in of_waiting
    assert f"This money paid order {used.order.number}. A refund lowers what is posted to it" in of_used
    assert "No email is sent: tell the customer." in of_used


def test_refused_decision_links_to_its_section_from_the_top() -> None:
    receipt: Any = mismatch()
    client = staff_client(*ALL)
    too_much = {**REFUND, "refund-amount": "9000", "refund-returned_before": "0"}

    returned = client.post(url_of("receipt-refund", receipt.pk), too_much).content.decode()
    used = client.post(url_of("receipt-allocate", receipt.pk), {"order": receipt.order.number}).content.decode()
    explained = client.post(url_of("receipt-resolve", receipt.pk), {}).content.decode()

    for page, place in ((returned, "refund"), (used, "allocate"), (explained, "resolve")):
        assert f'Nothing was changed. <a href="#{place}">' in page
        assert f'<h2 id="{place}">' in page
    assert "Nothing was changed." not in client.get(receipt_url(receipt)).content.decode()


def test_code_of_one_refund_is_refused_for_another() -> None:
    first = surplus()
    second = MpesaReceipt.objects.exclude(pk=first.pk).get()
    client = staff_client(*ALL)
    for receipt in (first, second):
        seen_before = {"refund-returned_before": "0", "refund-seen_as": receipt.allocation}
        sent = {**REFUND, "refund-amount": str(receipt.amount), **seen_before}
        text = page_text(client.post(url_of("receipt-refund", receipt.pk), sent, follow=True))

    second.refresh_from_db()
    assert "This M-PESA code is already on a refund." in text
    assert second.returned_amount is None


def test_receipt_of_a_restored_basket_explains_a_new_order() -> None:
    receipt = restore_basket(mismatch())

    assert "ask for a new order and Cancel on the phone. Then match this money to the new order" in page_text_of(
        "receipt", receipt.pk
    )


def test_receipt_page_warns_that_a_closed_order_reopens() -> None:
    receipt, order = surplus(), closed_payment().mpesa_order.order

    text = page_text_of("receipt", receipt.pk, order=order.number)

    assert "This order is closed. Matching the money reopens it, if its items are in stock." in text


# Payments


def test_payment_on_hold_is_not_shown_as_waiting_for_the_phone() -> None:
    payment = mismatch().payment
    assert payment is not None

    facts = page_text_of("payment", payment.pk).partition("Facts")[2].partition("Started")[0]

    assert "on hold for a person's decision" in facts
    assert "waiting for the phone" not in facts and "Order reserved until" not in page_text_of("payment", payment.pk)


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
    assert "Send a new prompt" not in text


def test_summary_names_the_refund_and_its_reference() -> None:
    receipt = surplus()
    clerk = new_staff_user("record_return")
    record_refund(receipt, amount=receipt.amount, reference="UKQ0000001", by=clerk, now=later(60))

    text = page_text_of("payment", receipt.payment_id).partition("Say:")[2]

    assert "Your payment arrived. There is nothing more to pay." in text
    assert "Of KSh 1,500 (M-PESA code OD222BBB22) we refunded KSh 1,500 on" in text
    assert ": UKQ0000001." in text


def test_accepted_difference_is_shown_with_payment_and_order() -> None:
    receipt = mismatch()
    clerk = new_staff_user("apply_receipt")
    allocate_receipt(receipt, receipt.order, by=clerk, note="a friend", accept_difference=True, now=later(60))
    receipt.refresh_from_db()
    order: Any = receipt.order
    client = staff_client(*ALL, "view_full_phone")
    client.force_login(new_superuser())

    of_order = page_text(client.get(f"/en/dashboard/orders/{order.number}/"))

    assert "matched to this order, and the difference was accepted" in page_text_of("payment", receipt.payment_id)
    assert "Paid by M-PESA: KSh 1,400, OD123ABC45. The order costs KSh 1,500; the difference was accepted." in of_order


def new_superuser() -> Any:
    clerk = new_staff_user()
    clerk.is_superuser = True
    clerk.save()
    return clerk


def test_setup_page_shows_the_settings_of_a_till() -> None:
    text = page_text_of("setup")

    assert "MPESA_SHORTCODE_TYPE=paybill MPESA_TILL_NUMBER=…" in text
    assert "MPESA_SHORTCODE=7654321 no kind: the till's number says it" in text
