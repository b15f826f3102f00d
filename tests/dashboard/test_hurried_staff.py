"""Mistakes of staff in a hurry: outdated pages, another customer's order, typing errors, misread text."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaPayment, MpesaReceipt
from oscar_mpesa.services.allocation import allocate, resolve_receipt, reverse_allocation
from oscar_mpesa.services.refunds import record_refund
from tests.dashboard.forms import assign_to_guest, closed_payment, page_text_of, review_text
from tests.dashboard.staff import new_claim, orders_staff_client, page_text, staff_client, url_of
from tests.services.unmatched import fresh, mismatch, surplus, unallocated
from tests.shop import ANOTHER, NOON, failure, later, new_order, new_payment, new_staff_user, pay, post, success

pytestmark = pytest.mark.django_db

Order = get_model("order", "Order")


def refund(receipt: MpesaReceipt, amount: int) -> None:
    by = new_staff_user("record_refund")
    record_refund(receipt, amount=Decimal(amount), code="R1", by=by, now=later(200))


def match(receipt: MpesaReceipt, order: Any) -> None:
    allocate(receipt, order, by=new_staff_user("match_receipt"), now=later(300))


def open_payment() -> MpesaPayment:
    """Return a payment whose prompt is on the phone."""
    return new_payment(now=timezone.now())


# Review of a recorded payment


@pytest.mark.parametrize("is_guest", [True, False], ids=["guest", "account without a name"])
def test_review_names_the_customer(is_guest: bool) -> None:
    order = assign_to_guest(new_order(), "wanja@example.com")
    if not is_guest:
        account = get_user_model().objects.create_user("wanja", email="wanja@example.com")
        Order.objects.filter(pk=order.pk).update(user=account)
    places = get_model("order", "ShippingAddress").objects
    country = get_model("address", "Country").objects.get_or_create(iso_3166_1_a2="KE")[0]
    place = places.create(first_name="Wanja", last_name="Kamau", line1="12 Moi Avenue", country=country)
    Order.objects.filter(pk=order.pk).update(shipping_address=place)

    assert "Wanja Kamau · wanja@example.com" in review_text(order)


def test_open_prompt_of_the_order_is_a_warning() -> None:
    text = review_text(open_payment().mpesa_order.order)

    assert "A prompt for this order has been on a phone since" in text
    assert "If it is paid too, the order is paid twice: wait until it has ended." in text


def test_ended_payments_give_no_prompt_warning() -> None:
    ended, paid = closed_payment(), mismatch()

    of_ended, of_paid = review_text(ended.mpesa_order.order), review_text(paid.meant_for)

    assert "Please double-check" in of_ended and "Please double-check" in of_paid
    assert "on a phone since" not in of_ended + of_paid


def test_review_warns_of_a_payment_older_than_its_order() -> None:
    order = new_order()
    Order.objects.filter(pk=order.pk).update(date_placed=NOON)

    wrong_year, right = review_text(order, day="2025-11-23"), review_text(order, day="2026-11-23", time="15:00")

    assert "The order was placed later, on 23 Nov 2026, 15:00. Are the day and the order right?" in wrong_year
    assert "The order was placed later" not in right


def test_review_warns_of_an_amount_above_the_limit() -> None:
    many, most = (review_text(new_order(), amount=amount) for amount in ("480000000", "250000"))

    assert "M-PESA takes at most KSh 250,000 in one payment." in many
    assert "M-PESA takes at most" not in most


def test_record_form_has_no_default_day() -> None:
    page = staff_client("record_claim").get(url_of("record")).content.decode()

    assert '<input type="date" name="day" class="form-control"' in page
    assert 'name="day" value' not in page


def test_review_warns_of_a_paid_order_for_any_amount() -> None:
    text = review_text(pay(new_payment()).mpesa_order.order, amount="100")

    assert "This order is already paid, so the payment does not count for it." in text


# Summaries


def test_summary_of_a_second_payment_begins_with_the_order() -> None:
    text = page_text_of("payment", surplus().payment_id)

    assert "Say: Your order is paid. More money arrived for it." in text
    assert "Then say this; tell nobody any other name, number or code." in text


@pytest.mark.parametrize(
    ("decide", "say"),
    [
        ("return", "Your order is paid. Of KSh 1,500 (M-PESA code OD222BBB22) we refunded KSh 1,500"),
        ("explain", "Your order is paid. The shop has resolved your payment of KSh 1,500"),
    ],
)
def test_summary_tells_callers_the_decision(decide: str, say: str) -> None:
    payment = new_payment()
    post(payment, failure(payment, code=1037), now=later(20))
    pay(new_payment(payment.mpesa_order.order, phone=ANOTHER, now=later(30)))
    post(payment, success(payment, number="OD222BBB22"), now=later(90))
    receipt = MpesaReceipt.objects.get(payment=payment)
    if decide == "return":
        refund(fresh(receipt), 1500)
    else:
        resolve_receipt(fresh(receipt), note="settled", by=new_staff_user("resolve_receipt"), now=later(500))

    assert f"Say: {say}" in page_text_of("payment", payment.pk)


def test_summary_names_the_other_order_of_a_receipt() -> None:
    receipt, other = unallocated(), new_order()
    match(receipt, other)

    text = page_text_of("payment", receipt.payment_id)

    assert f"Say: Your KSh 1,500 (M-PESA code OD123ABC45) was used for order {other.number}." in text


def test_refunded_order_is_offered_no_new_prompt() -> None:
    payment, receipt = closed_payment(), unallocated()
    match(receipt, payment.mpesa_order.order)
    refund(fresh(receipt), 1500)

    text = page_text_of("payment", payment.pk)

    assert "Otherwise we can send the prompt again." not in text
    assert "Say: The shop refunded your KSh 1,500 (M-PESA code OD123ABC45)" in text


def test_unreachable_phone_has_an_unclear_result() -> None:
    payment = new_payment()
    post(payment, failure(payment, code=1037), now=later(20))

    assert "No clear answer." in page_text_of("payment", payment.pk)


def test_summary_says_that_the_order_is_closed() -> None:
    assert "Say: The order is closed, and no money for it has reached us." in page_text_of(
        "payment", closed_payment().pk
    )


# Search


@pytest.mark.parametrize("code", ["SHINFYDSXQ", "shinfydsxq"])
def test_code_without_digits_is_found(code: str) -> None:
    pay(new_payment(), number="SHINFYDSXQ")

    assert "Payments: 1" in page_text_of("payments", q=code)


def test_payments_are_found_by_a_recorded_code_of_their_order() -> None:
    payment = new_payment()
    new_claim(payment.mpesa_order.order, number="OD777KKK77")
    new_payment(phone=ANOTHER)

    assert "Payments: 1" in page_text_of("payments", q="od777kkk77")


def test_receipt_is_found_by_each_order_it_was_matched_to() -> None:
    brought, first, second = unallocated(), new_order(), new_order()
    asked: Any = brought.meant_for
    match(brought, first)
    by = new_staff_user("match_receipt")
    reverse_allocation(first.mpesa_allocations.get(), by=by, note="wrong order", now=later(400))
    match(brought, second)

    texts = [page_text_of("receipts", order=each.number) for each in (asked, first, second)]

    assert ["OD123ABC45" in text for text in texts] == [True, True, True]
    assert "OD123ABC45" not in page_text_of("receipts", order=new_order().number)


def test_list_shows_allocations_and_customers() -> None:
    receipt: Any = surplus()
    customer = get_user_model().objects.create_user("wanja", first_name="Wanja", last_name="Kamau")
    Order.objects.filter(pk=receipt.meant_for.pk).update(user=customer)

    listed, by_name = (
        page_text(staff_client().get(url_of("payments"))),
        page_text(orders_staff_client().get(url_of("payments"))),
    )

    assert "paid overpaid" in listed and "Wanja Kamau" not in listed
    assert "Wanja Kamau" in by_name
