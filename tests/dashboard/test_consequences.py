"""What a decision leads to is said before it is made, and what came of it afterwards: where a shopkeeper guessed."""

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
from tests.dashboard.forms import closed, looked_at, seen, stock_snapshot
from tests.dashboard.staff import ALL, address, at_desk, page_of, words
from tests.services.unmatched import mismatch, surplus
from tests.shop import ANOTHER, failure, later, new_order, new_payment, new_staff_user, pay, post

pytestmark = pytest.mark.django_db

RETURN = {"refund-day": "2026-11-23", "refund-reference": "UKQ0000001", "refund-sent": "on"}


# Written down by hand


def test_a_payment_of_tomorrow_is_refused_before_anybody_compares_it() -> None:
    tomorrow = (timezone.now() + timedelta(days=2)).strftime("%Y-%m-%d")

    told = looked_at(new_order(), day=tomorrow)

    assert "Enter a time that is not in the future." in told
    assert "Is this right?" not in told and "Look at the money of this order" not in told


def test_money_for_an_order_that_is_paid_is_said_to_be_paid_twice() -> None:
    told = looked_at(pay(new_payment()).mpesa_order.order)

    assert "This order is paid already: this money will count as paid twice and wait for a decision." in told


def test_money_for_things_in_the_basket_is_said_to_wait() -> None:
    order = new_order()
    get_or_create_mpesa_order(order.pk, now=later(1))
    MpesaOrder.objects.update(basket_restored_at=later(95))

    told = looked_at(order)

    assert "The things of this order went back into the basket: this money will wait for a decision." in told
    assert "makes this order paid" not in told


def test_a_missing_code_is_not_said_to_be_paid_twice() -> None:
    payment = pay(new_payment())
    MpesaReceipt.objects.update(number=None, awaiting_number=payment.pk)

    told = looked_at(payment.mpesa_order.order)

    assert payment.mpesa_order.order.number in told and "Is this right?" in told
    assert "count as paid twice" not in told


# Money that waits


def test_to_send_money_back_is_a_choice_and_no_fact() -> None:
    receipt = surplus()
    used: Any = MpesaReceipt.objects.exclude(pk=receipt.pk).get()
    client = at_desk(*ALL)

    of_waiting, of_used = (words(client.get(page_of(each))) for each in (receipt, used))

    assert "If you send it back" in of_waiting and "It was sent back" not in of_waiting
    assert "This money paid order" not in of_waiting
    assert f"This money paid order {used.order.number}. What goes back is taken out of its books" in of_used
    assert "No mail does: tell the customer." in of_used


def test_a_decision_that_is_refused_says_so_at_the_top_and_leads_there() -> None:
    receipt: Any = mismatch()
    client = at_desk(*ALL)
    too_much = {**RETURN, "refund-amount": "9000", "refund-returned_before": "0"}

    returned = client.post(address("receipt-refund", receipt.pk), too_much).content.decode()
    used = client.post(address("receipt-allocate", receipt.pk), {"order": receipt.order.number}).content.decode()
    explained = client.post(address("receipt-resolve", receipt.pk), {}).content.decode()

    for page, place in ((returned, "refund"), (used, "allocate"), (explained, "resolve")):
        assert f'Nothing was changed. <a href="#{place}">' in page
        assert f'<h2 id="{place}">' in page
    assert "Nothing was changed." not in client.get(page_of(receipt)).content.decode()


def test_the_code_of_one_return_is_taken_for_no_other() -> None:
    first = surplus()
    second = MpesaReceipt.objects.exclude(pk=first.pk).get()
    client = at_desk(*ALL)
    for receipt in (first, second):
        seen_before = {"refund-returned_before": "0", "refund-seen_as": receipt.allocation}
        sent = {**RETURN, "refund-amount": str(receipt.amount), **seen_before}
        told = words(client.post(address("receipt-refund", receipt.pk), sent, follow=True))

    second.refresh_from_db()
    assert "This code stands at a return already." in told
    assert second.returned_amount is None


def test_who_still_wants_the_things_of_a_basket_has_a_way_to_get_them_for_the_money() -> None:
    receipt = stock_snapshot(mismatch())

    assert "let the customer order again and press Cancel on the phone, and use this money for the new order" in seen(
        "receipt", receipt.pk
    )


def test_a_closed_order_is_said_to_be_opened_again() -> None:
    receipt, order = surplus(), closed().mpesa_order.order

    told = seen("receipt", receipt.pk, order=order.number)

    assert "This order is closed: using the money opens it again, if its things are in stock." in told


# What is told of a request


def test_a_held_request_waits_for_a_person_and_for_no_phone() -> None:
    payment = mismatch().payment
    assert payment is not None

    facts = seen("payment", payment.pk).partition("Facts")[2].partition("Made")[0]

    assert "held for a person's decision" in facts
    assert "waiting for the phone" not in facts and "Order is kept until" not in seen("payment", payment.pk)


def test_the_caller_hears_of_the_last_request_whichever_is_looked_at() -> None:
    order = new_order()
    first = new_payment(order)
    apply_update(first, push_expired(), now=later(150))
    last = new_payment(order, phone=ANOTHER, now=later(200))
    post(last, failure(last, code=1), now=later(210))

    of_first, of_last = (seen("payment", each.pk).partition("Say:")[2] for each in (first, last))

    assert "The last request: balance too low." in of_first
    assert "The last request: balance too low." in of_last


def test_no_request_can_be_sent_for_a_closed_order_and_the_page_says_so() -> None:
    told = seen("payment", closed().pk)

    assert "The order is closed: no new request can be sent for it." in told
    assert "Send a new request" not in told


def test_the_caller_hears_what_went_back_and_by_which_code() -> None:
    receipt = surplus()
    clerk = new_staff_user("record_return")
    record_refund(receipt, amount=receipt.amount, reference="UKQ0000001", by=clerk, now=later(60))

    told = seen("payment", receipt.payment_id).partition("Say:")[2]

    assert "Your payment arrived. There is nothing more to pay." in told
    assert "Of KSh 1,500 (M-PESA code OD222BBB22) we sent back KSh 1,500 on" in told
    assert ": UKQ0000001." in told


def test_a_difference_that_was_accepted_is_told_of_the_payment_and_of_the_order() -> None:
    receipt = mismatch()
    clerk = new_staff_user("apply_receipt")
    allocate_receipt(receipt, receipt.order, by=clerk, note="a friend", accept_difference=True, now=later(60))
    receipt.refresh_from_db()
    order: Any = receipt.order
    client = at_desk(*ALL, "view_full_phone")
    client.force_login(new_superuser())

    of_order = words(client.get(f"/en/dashboard/orders/{order.number}/"))

    assert "used for this order, and the difference was accepted" in seen("payment", receipt.payment_id)
    assert "Paid by M-PESA: KSh 1,400, OD123ABC45. The order costs KSh 1,500; the difference was accepted." in of_order


def new_superuser() -> Any:
    clerk = new_staff_user()
    clerk.is_superuser = True
    clerk.save()
    return clerk


def test_a_shop_with_a_till_is_told_its_own_lines() -> None:
    told = seen("setup")

    assert "MPESA_SHORTCODE_TYPE=paybill MPESA_TILL_NUMBER=…" in told
    assert "MPESA_SHORTCODE=7654321 no kind: the till's number says it" in told
