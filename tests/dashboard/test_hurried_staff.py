"""Mistakes of staff in a hurry: outdated pages, another customer's order, typing errors, misread text."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_mpesa.models import Allocation, MpesaPayment, MpesaReceipt
from oscar_mpesa.services.claims import record_receipt
from oscar_mpesa.services.receipt_decisions import allocate_receipt, record_refund, resolve_receipt
from tests.dashboard.forms import assign_to_guest, closed_payment, page_text_of, restore_basket, review_text
from tests.dashboard.staff import ALL, orders_staff_client, page_text, receipt_url, staff_client, url_of
from tests.services.unmatched import fresh, mismatch, surplus, unallocated
from tests.shop import ANOTHER, NOON, failure, later, new_order, new_payment, new_staff_user, pay, post, success

pytestmark = pytest.mark.django_db

Order = get_model("order", "Order")


def refund_form(receipt: MpesaReceipt, **changes: str) -> dict[str, str]:
    """Return the values of the refund form for the receipt's present state."""
    seen_so_far = {"refund-returned_before": str(receipt.amount - receipt.rest), "refund-seen_as": receipt.allocation}
    return {
        "refund-day": "2026-11-23",
        "refund-amount": str(receipt.rest),
        "refund-reference": "UKQ0000001",
        "refund-sent": "on",
        **seen_so_far,
        **changes,
    }


def refund(receipt: MpesaReceipt, amount: int) -> MpesaReceipt:
    by = new_staff_user("record_return")
    return record_refund(receipt, amount=Decimal(amount), reference="R1", by=by, now=later(200))


def allocate(receipt: MpesaReceipt, order: Any) -> MpesaReceipt:
    return allocate_receipt(receipt, order, by=new_staff_user("apply_receipt"), accept_difference=True, now=later(300))


def open_payment() -> MpesaPayment:
    """Return a payment whose prompt is on the phone."""
    return new_payment(now=timezone.now())


def test_outdated_page_records_no_refund_of_a_matched_receipt() -> None:
    receipt = unallocated()
    old = refund_form(receipt)
    allocate(receipt, receipt.order)

    text = page_text(staff_client(*ALL).post(url_of("receipt-refund", receipt.pk), old, follow=True))

    assert "Somebody has already decided about this money. Please double-check." in text
    assert (fresh(receipt).allocation, fresh(receipt).returned_amount) == (Allocation.APPLIED, None)


def test_page_after_a_refused_refund_can_be_sent() -> None:
    receipt, client = mismatch(), staff_client(*ALL)
    old = refund_form(receipt, **{"refund-amount": "500"})
    refund(receipt, 400)

    text = page_text(client.post(url_of("receipt-refund", receipt.pk), old, follow=True))
    page = client.get(receipt_url(receipt)).content.decode()

    assert "A refund of this money was recorded meanwhile." in text
    assert 'name="refund-returned_before" value="400.00"' in page
    assert fresh(receipt).returned_amount == 400


def test_refused_match_of_a_refunded_receipt_shows_why() -> None:
    receipt, client = mismatch(), staff_client(*ALL)
    number = Order.objects.get().number
    refund(receipt, 400)

    text = page_text(client.post(url_of("receipt-allocate", receipt.pk), {"order": number, "accept_difference": "on"}))

    assert "Nothing was changed. Part of this money was refunded. Refund the rest, or resolve it with a note." in text
    assert "See what is wrong" not in text


# Another customer's order, and open prompts


def test_match_to_another_customer_needs_explicit_consent() -> None:
    receipt, client = unallocated(), staff_client(*ALL)
    assign_to_guest(receipt.order, "wanja@example.com")
    other = assign_to_guest(new_order(), "otieno@example.com")
    sent = {"order": other.number}

    refused = client.post(url_of("receipt-allocate", receipt.pk), sent)
    kept = fresh(receipt).allocation
    client.post(url_of("receipt-allocate", receipt.pk), {**sent, "accept_customer": "on"})

    assert refused.status_code == 422
    assert "This order is somebody else's. Accept that, or choose another order." in page_text(refused)
    assert kept == Allocation.UNALLOCATED
    assert fresh(receipt).order == other


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


@pytest.mark.parametrize("form", ["use", "record"])
def test_open_prompt_of_the_order_is_a_warning(form: str) -> None:
    order = open_payment().mpesa_order.order
    receipt: Any = surplus()
    Order.objects.filter(pk=order.pk).update(user=receipt.order.user, guest_email=receipt.order.guest_email)

    text = review_text(order) if form == "record" else page_text_of("receipt", receipt.pk, order=order.number)

    assert "A prompt for this order has been on a phone since" in text
    assert "If it is paid too, the order is paid twice: wait until it has ended." in text


def test_ended_and_on_hold_payments_give_no_prompt_warning() -> None:
    ended, on_hold = closed_payment(), mismatch()

    of_ended, of_held = review_text(ended.mpesa_order.order), review_text(on_hold.order)

    assert "Please double-check" in of_ended and "Please double-check" in of_held
    assert "on a phone since" not in of_ended + of_held


def test_receipt_page_says_that_a_match_cannot_be_undone() -> None:
    assert "You can't undo this here." in page_text_of("receipt", mismatch().pk)


# Record a payment


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
    page = staff_client("record_receipt").get(url_of("record")).content.decode()

    assert '<input type="date" name="day" class="form-control"' in page
    assert 'name="day" value' not in page


def test_review_warns_of_a_paid_order_for_any_amount() -> None:
    text = review_text(pay(new_payment()).mpesa_order.order, amount="100")

    assert "This order is already paid: this money will count as overpaid and wait for a decision." in text


def test_record_form_explains_an_unknown_prompt() -> None:
    order = open_payment().mpesa_order.order

    assert (
        "If it is not known, the money is matched to the only payment without a result, if there is just one."
        in review_text(order)
    )


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
        resolve_receipt(fresh(receipt), note="settled", by=new_staff_user("explain_receipt"), now=later(500))

    assert f"Say: {say}" in page_text_of("payment", payment.pk)


def test_summary_names_the_other_order_of_a_receipt() -> None:
    receipt, other = unallocated(), new_order()
    allocate(receipt, other)

    text = page_text_of("payment", receipt.payment_id)

    assert f"Say: Your KSh 1,500 (M-PESA code OD123ABC45) was used for order {other.number}." in text


def test_refunded_order_is_offered_no_new_prompt() -> None:
    payment, receipt = closed_payment(), unallocated()
    allocate(receipt, payment.mpesa_order.order)
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


def test_receipt_is_found_by_the_order_it_was_paid_for() -> None:
    order, other = new_order(), new_order()
    clerk = new_staff_user("record_receipt")
    restore_basket(record_receipt("OD555EEE55", Decimal(100), order=order, by=clerk, note="portal", now=later(60)))
    allocate(MpesaReceipt.objects.get(), other)
    brought = unallocated()
    asked: Any = brought.order
    allocate(brought, new_order())

    by_hand, by_request = (page_text_of("receipts", order=each.number) for each in (order, asked))

    assert "OD555EEE55" in by_hand and "OD123ABC45" not in by_hand
    assert "OD123ABC45" in by_request and "OD555EEE55" not in by_request


def test_list_shows_allocations_and_customers() -> None:
    receipt: Any = surplus()
    customer = get_user_model().objects.create_user("wanja", first_name="Wanja", last_name="Kamau")
    Order.objects.filter(pk=receipt.order.pk).update(user=customer)

    listed, by_name = (
        page_text(staff_client().get(url_of("payments"))),
        page_text(orders_staff_client().get(url_of("payments"))),
    )

    assert "paid overpaid" in listed and "Wanja Kamau" not in listed
    assert "Wanja Kamau" in by_name


def test_export_shows_payments_on_hold() -> None:
    mismatch()

    response: Any = staff_client("export_payments").get(url_of("payments-export"))
    lines = b"".join(response.streaming_content).decode()

    assert "on hold for a person's decision" in lines and "waiting for the phone" not in lines
