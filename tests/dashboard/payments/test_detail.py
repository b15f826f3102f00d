"""The page of one payment: summary, timeline and actions."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import resolve
from django.utils import timezone

from oscar_mpesa.models import MpesaApiCall, MpesaBlockedPhone, MpesaEvent, MpesaPayment
from oscar_mpesa.payment_page.page import payment_page
from oscar_mpesa.payment_page.queries import payments_of_same_order
from tests.browser import states
from tests.dashboard.staff import page_text, staff_client, url_of
from tests.query_counts import counted
from tests.shop import ANOTHER, failure, later, new_order, new_payment, pay, post, success

pytestmark = pytest.mark.django_db

CONFIRMED = "If an M-PESA SMS says Confirmed, do not pay again and tell us its code."


@pytest.fixture
def cancelled() -> MpesaPayment:
    """Return a payment that was cancelled half a minute ago."""
    return states.failed(1032)()


def page(payment: MpesaPayment, *permissions: str) -> str:
    response = staff_client(*permissions).get(url_of("payment", payment.pk))
    assert response.status_code == 200
    return page_text(response)


ANSWERS = {
    "enter-pin": ("Waiting for the phone.", "The prompt is on the phone."),
    "confirming": ("Money was reported, and Safaricom has not confirmed it yet.", "you have paid: do not pay again"),
    "failed, cancelled": ("Not paid.", CONFIRMED),
    "failed, named after expiry": ("Not paid.", CONFIRMED),
    "failed, another number": ("Not paid.", "Otherwise pay from another number"),
    "unanswered": ("No answer.", "We do not know yet."),
    "paid": ("Paid.", "Your payment arrived."),
    "paid, in two parts": ("Paid.", "Your payment arrived."),
    "paid, recorded by staff": ("The order is paid, but not by this payment.", "Do not pay again."),
    "part-paid": ("The order is partly paid, but not by this payment.", "KSh 1,000 is still missing."),
    "failed, part-paid": ("The order is partly paid, but not by this payment.", "KSh 1,000 is still missing."),
    "surplus": ("Money needs attention.", "Your order is paid. More money arrived for it."),
    "surplus, too much": ("Money needs attention.", "Your order is paid. More money arrived for it."),
    "mismatch": ("Money needs attention.", "do not pay again"),
    "unpaid": ("Money arrived and was resolved.", "we refunded KSh 1,400"),
    "closed": ("Not paid.", "The order is closed"),
    "late": ("Money needs attention.", "do not pay again"),
    "reviewed": ("Money needs attention.", "do not pay again"),
    "used": ("Money arrived and was resolved.", "was used for order"),
    "returned": ("Money arrived and was resolved.", "we refunded KSh 1,500"),
}


@pytest.mark.parametrize("state", ANSWERS)
def test_page_begins_with_the_summary(state: str) -> None:
    payment = states.STATES[state]()

    text = page(payment)

    headline, say = ANSWERS[state]
    opening = text.partition("The customer's payment page says")[0]
    assert headline in opening
    assert say in opening
    assert "last three digits of the phone number" in opening


@pytest.mark.parametrize("state", states.STATES)
def test_page_shows_the_customers_payment_page(state: str) -> None:
    payment = states.STATES[state]()

    text = page(payment).partition("The customer's payment page says")[2]

    customer_page = payment_page(payments_of_same_order(payment.pk)[0], now=timezone.now())
    assert text.strip().startswith(customer_page.heading)
    assert customer_page.sentence in text
    for sentence in customer_page.decisions:
        assert sentence in text


def test_failed_payment_before_a_paid_one_shows_paid() -> None:
    order = new_order()
    first = new_payment(order)
    post(first, failure(first), now=later(10))
    pay(new_payment(order, phone=ANOTHER, now=later(20)), now=later(30))

    text = page(first)

    assert "The order is paid, but not by this payment." in text and "Not paid." not in text
    assert "Money for your order has already arrived. Do not pay again." in text
    assert "Other payments for this order" in text


def test_failed_payment_before_an_open_one_names_the_open_prompt() -> None:
    order = new_order()
    first = new_payment(order)
    post(first, failure(first), now=later(10))
    new_payment(order, phone=ANOTHER, now=later(20))

    assert "The prompt is on the phone." in page(first)


def test_phones_ids_and_bodies_are_masked_without_permission(cancelled: MpesaPayment) -> None:
    post(cancelled, success(cancelled), now=timezone.now())

    masked, whole = page(cancelled), page(cancelled, "view_full_phone")

    assert "0712 •••678" in masked
    for secret in ["0712 345 678", "254712345678", "712345678", str(cancelled.checkout_request_id)]:
        assert secret not in masked
    for shown in ["0712 345 678", "254712345678", str(cancelled.checkout_request_id)]:
        assert shown in whole
    for text in (masked, whole):
        assert cancelled.secret not in text


def test_timeline_is_in_order_of_time(cancelled: MpesaPayment) -> None:
    client = staff_client("act_on_payment")
    client.post(url_of("payment-check-status", cancelled.pk))
    MpesaApiCall.objects.create(
        endpoint="query",
        environment="sandbox",
        shortcode="174379",
        payment=cancelled,
        http_status=503,
        milliseconds=12,
        error_kind="busy",
        reply={"errorMessage": "busy"},
        created_at=timezone.now(),
    )

    text = page(cancelled).rpartition("What happened")[2]

    expected = [
        "Payment of KSh 1,500 from 0712 •••678 started",
        "Prompt on its way to the phone",
        "Callback: accepted",
        "Status check requested by Achieng Were",
        "Status check answer 503 · 12 ms · Safaricom is busy",
        "To be notified – email: the payment failed",
    ]
    places = [text.find(line) for line in expected]
    assert -1 not in places, text
    assert places == sorted(places)


@pytest.mark.parametrize("pk", [10**6, 10**30])
def test_unknown_payment_is_not_found(pk: int) -> None:
    client = staff_client("act_on_payment")
    page = url_of("payment", 1).replace("/1/", f"/{pk}/")

    assert client.get(page).status_code == 404
    assert client.post(f"{page}check-status/").status_code == 404


def test_page_costs_at_most_seventeen_queries(cancelled: MpesaPayment) -> None:
    post(cancelled, success(cancelled), now=timezone.now())
    client = staff_client("view_full_phone", "act_on_payment", "block_phone", "close_order")
    client.get(url_of("payment", cancelled.pk))

    with counted() as queries:
        client.get(url_of("payment", cancelled.pk))

    assert len([sql for sql in queries if "SAVEPOINT" not in sql]) <= 17, str(queries)


def test_buttons_are_shown_with_permission_only(cancelled: MpesaPayment) -> None:
    actions = {
        "check-status": "act_on_payment",
        "send-prompt": "act_on_payment",
        "block-phone": "block_phone",
        "close-order": "close_order",
    }
    there = url_of("payment", cancelled.pk)

    for action, permission in actions.items():
        decision_url = url_of(f"payment-{action}", cancelled.pk)
        assert decision_url in staff_client(permission).get(there).content.decode()
        assert decision_url not in staff_client().get(there).content.decode()


def test_finished_actions_are_not_offered() -> None:
    paid = states.paid()
    client = staff_client("act_on_payment", "close_order", "block_phone")
    client.post(url_of("payment-block-phone", paid.pk), {"block-note": "she called"})

    shown = client.get(url_of("payment", paid.pk)).content.decode()

    assert "she called" in shown
    assert all(
        url_of(f"payment-{each}", paid.pk) not in shown
        for each in ["check-status", "send-prompt", "block-phone", "close-order"]
    )


def press(client: Client, payment: MpesaPayment, action: str, **fields: Any) -> str:
    """Post an action and return the text of the next page."""
    return page_text(client.post(url_of(f"payment-{action}", payment.pk), fields, follow=True))


def events() -> list[tuple[str, str]]:
    return list(MpesaEvent.objects.exclude(by=None).order_by("pk").values_list("type", "by_name"))


def test_status_check_applies_the_result_and_records_the_user() -> None:
    payment = new_payment(now=timezone.now() - timezone.timedelta(seconds=10))  # type: ignore[attr-defined]

    text = press(staff_client("act_on_payment"), payment, "check-status")

    assert "Safaricom says it is paid." in text
    assert "Paid." in text
    assert events() == [("query_requested", "Achieng Were")]


def test_new_prompt_goes_to_the_same_phone(cancelled: MpesaPayment) -> None:
    MpesaPayment.objects.update(push_sent_at=timezone.now() - timezone.timedelta(minutes=2))  # type: ignore[attr-defined]

    text = press(staff_client("act_on_payment"), cancelled, "send-prompt", newest=cancelled.pk)

    newest = MpesaPayment.objects.latest("pk")
    assert (newest.phone, newest.status, newest.mpesa_order_id) == (
        cancelled.phone,
        "processing",
        cancelled.mpesa_order_id,
    )
    assert "A new prompt is on its way to the phone." in text
    assert "Prompt requested by Achieng Were" in text


def test_double_click_sends_one_prompt(cancelled: MpesaPayment) -> None:
    MpesaPayment.objects.update(push_sent_at=timezone.now() - timezone.timedelta(minutes=2))  # type: ignore[attr-defined]
    client = staff_client("act_on_payment")

    press(client, cancelled, "send-prompt", newest=cancelled.pk)
    text = press(client, cancelled, "send-prompt", newest=cancelled.pk)

    assert MpesaPayment.objects.count() == 2
    assert "Nothing more was sent." in text
    assert "Waiting for the phone." in text


def test_prompt_too_soon_is_refused() -> None:
    unanswered = states.failed(1037)()

    text = press(staff_client("act_on_payment"), unanswered, "send-prompt", newest=unanswered.pk)

    assert "You can send the prompt to this phone again at" in text
    assert MpesaPayment.objects.count() == 1


def test_prompt_during_an_open_payment_shows_that_payment() -> None:
    payment = states.enter_pin()

    text = press(staff_client("act_on_payment"), payment, "send-prompt", newest=payment.pk)

    assert "A prompt is already on the phone." in text
    assert MpesaPayment.objects.count() == 1


def test_phone_is_blocked_with_a_note_and_a_name(cancelled: MpesaPayment) -> None:
    client = staff_client("block_phone")

    without = press(client, cancelled, "block-phone", **{"block-note": "  "})
    assert not MpesaBlockedPhone.objects.exists()
    text = press(client, cancelled, "block-phone", **{"block-note": "she called at noon"})

    blocked = MpesaBlockedPhone.objects.get()
    assert "Write a note: who asked for it, and when." in without
    assert (blocked.phone, blocked.note, blocked.by_name) == (cancelled.phone, "she called at noon", "Achieng Were")
    assert "No more prompts will be sent to this number." in text
    assert "she called at noon by Achieng Were" in text


def test_order_is_closed_once_with_a_name(cancelled: MpesaPayment) -> None:
    client = staff_client("close_order")

    text = press(client, cancelled, "close-order", **{"close-note": "customer gave up"})
    again = press(client, cancelled, "close-order")

    cancelled.mpesa_order.refresh_from_db()
    assert cancelled.mpesa_order.close_reason == "staff"
    assert "The order is closed." in text
    assert "customer gave up" in text
    assert "This order no longer waits for a payment." in again
    assert events() == [("order_closed", "Achieng Were")]


@pytest.mark.parametrize("action", ["check-status", "send-prompt"])
def test_views_that_call_safaricom_run_outside_a_transaction(action: str) -> None:
    view = resolve(url_of(f"payment-{action}", 1)).func

    assert "default" in view._non_atomic_requests  # type: ignore[attr-defined]
