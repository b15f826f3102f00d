"""One payment: what whoever picks up the telephone reads, and what that person may do."""

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
from tests.dashboard.staff import address, at_desk, words
from tests.query_counts import counted
from tests.shop import ANOTHER, failure, later, new_order, new_payment, pay, post, success

pytestmark = pytest.mark.django_db

CONFIRMED = "If an M-PESA SMS says Confirmed, do not pay again and tell us its code."


@pytest.fixture
def cancelled() -> MpesaPayment:
    """Half a minute ago; another request may be sent to another phone at once."""
    return states.failed(1032)()


def page(payment: MpesaPayment, *permissions: str) -> str:
    response = at_desk(*permissions).get(address("payment", payment.pk))
    assert response.status_code == 200
    return words(response)


ANSWERS = {
    "enter-pin": ("Waiting for the phone.", "The request is on the phone."),
    "failed, cancelled": ("Not paid.", CONFIRMED),
    "failed, another number": ("Not paid.", "Otherwise pay from another number"),
    "unanswered": ("No answer.", "We do not know yet."),
    "paid": ("Paid.", "Your payment arrived."),
    "arrived": ("Money waits for you.", "do not pay again"),
    "surplus": ("Money waits for you.", "do not pay again"),
    "mismatch": ("Money waits for you.", "do not pay again"),
    "unpaid": ("Money came and was decided about.", "we sent back KSh 1,400"),
    "closed": ("Not paid.", "The order is closed"),
    "late": ("Money waits for you.", "do not pay again"),
    "returned": ("Money came and was decided about.", "we sent back KSh 1,500"),
}


@pytest.mark.parametrize("state", ANSWERS)
def test_the_page_opens_with_the_answer_and_what_to_say(state: str) -> None:
    payment = states.STATES[state]()

    told = page(payment)

    headline, say = ANSWERS[state]
    opening = told.partition("The customer's page says")[0]
    assert headline in opening
    assert say in opening
    assert "last three digits of the phone number" in opening


@pytest.mark.parametrize("state", states.STATES)
def test_it_says_what_the_customer_s_page_says(state: str) -> None:
    payment = states.STATES[state]()

    told = page(payment).partition("The customer's page says")[2]

    story = payment_page(payments_of_same_order(payment.pk)[0], now=timezone.now())
    assert told.strip().startswith(story.heading)
    assert story.sentence in told
    for sentence in story.decisions:
        assert sentence in told


def test_a_request_that_failed_before_a_later_one_paid_says_that_money_is_here() -> None:
    order = new_order()
    first = new_payment(order)
    post(first, failure(first), now=later(10))
    pay(new_payment(order, phone=ANOTHER, now=later(20)), now=later(30))

    told = page(first)

    assert "The order is paid, but not by this request." in told and "Not paid." not in told
    assert "Money for your order is here already. Do not pay again." in told
    assert "Other requests for this order" in told


def test_a_request_that_failed_before_one_that_waits_sends_the_caller_to_the_phone() -> None:
    order = new_order()
    first = new_payment(order)
    post(first, failure(first), now=later(10))
    new_payment(order, phone=ANOTHER, now=later(20))

    assert "The request is on the phone." in page(first)


def test_phones_ids_and_raw_messages_are_whole_only_for_who_may_see_them(cancelled: MpesaPayment) -> None:
    post(cancelled, success(cancelled), now=timezone.now())

    masked, whole = page(cancelled), page(cancelled, "view_full_phone")

    assert "0712 •••678" in masked
    for secret in ["0712 345 678", "254712345678", "712345678", str(cancelled.checkout_request_id)]:
        assert secret not in masked
    for shown in ["0712 345 678", "254712345678", str(cancelled.checkout_request_id)]:
        assert shown in whole
    for told in (masked, whole):
        assert cancelled.secret not in told


def test_everything_that_happened_stands_in_the_order_of_time(cancelled: MpesaPayment) -> None:
    client = at_desk("act_on_payment")
    client.post(address("payment-check-status", cancelled.pk))
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

    told = page(cancelled).rpartition("What happened")[2]

    expected = [
        "Request for KSh 1,500 to 0712 •••678 made",
        "Request on its way to the phone",
        "Safaricom's message: changed the payment",
        "Status check requested by Achieng Were",
        "Safaricom asked answer 503 · 12 ms · Safaricom is busy",
        "To be told – mail: the payment failed",
    ]
    places = [told.find(line) for line in expected]
    assert -1 not in places, told
    assert places == sorted(places)


@pytest.mark.parametrize("pk", [10**6, 10**30])
def test_a_payment_that_does_not_exist_is_not_found(pk: int) -> None:
    client = at_desk("act_on_payment")

    assert client.get(address("payment", pk)).status_code == 404
    assert client.post(address("payment-check-status", pk)).status_code == 404


def test_a_long_story_costs_no_more_than_twelve_queries(cancelled: MpesaPayment) -> None:
    post(cancelled, success(cancelled), now=timezone.now())
    client = at_desk("view_full_phone", "act_on_payment", "block_phone", "close_order")
    client.get(address("payment", cancelled.pk))

    with counted() as queries:
        client.get(address("payment", cancelled.pk))

    assert len([sql for sql in queries if "SAVEPOINT" not in sql]) <= 12, str(queries)


def test_the_buttons_are_for_who_may_press_them(cancelled: MpesaPayment) -> None:
    actions = {
        "check-status": "act_on_payment",
        "send-prompt": "act_on_payment",
        "block-phone": "block_phone",
        "close-order": "close_order",
    }
    there = address("payment", cancelled.pk)

    for action, permission in actions.items():
        door = address(f"payment-{action}", cancelled.pk)
        assert door in at_desk(permission).get(there).content.decode()
        assert door not in at_desk().get(there).content.decode()


def test_nothing_is_offered_for_what_is_done_already() -> None:
    paid = states.paid()
    client = at_desk("act_on_payment", "close_order", "block_phone")
    client.post(address("payment-block-phone", paid.pk), {"block-note": "she called"})

    shown = client.get(address("payment", paid.pk)).content.decode()

    assert "she called" in shown
    assert all(
        address(f"payment-{each}", paid.pk) not in shown
        for each in ["check-status", "send-prompt", "block-phone", "close-order"]
    )


def press(client: Client, payment: MpesaPayment, action: str, **fields: Any) -> str:
    """A button, and what the page says after it."""
    return words(client.post(address(f"payment-{action}", payment.pk), fields, follow=True))


def events() -> list[tuple[str, str]]:
    return list(MpesaEvent.objects.exclude(by=None).order_by("pk").values_list("type", "by_name"))


def test_asking_settles_what_safaricom_says_and_keeps_the_name() -> None:
    payment = new_payment(now=timezone.now() - timezone.timedelta(seconds=10))  # type: ignore[attr-defined]

    told = press(at_desk("act_on_payment"), payment, "check-status")

    assert "Safaricom says it is paid." in told
    assert "Paid." in told
    assert events() == [("query_requested", "Achieng Were")]


def test_asking_about_a_held_payment_says_what_to_do_first() -> None:
    payment = states.mismatch()

    told = press(at_desk("act_on_payment"), payment, "check-status")

    assert "Decide about that money first." in told
    assert events() == []


def test_a_new_request_goes_to_the_same_phone_and_its_page_is_shown(cancelled: MpesaPayment) -> None:
    MpesaPayment.objects.update(push_sent_at=timezone.now() - timezone.timedelta(minutes=2))  # type: ignore[attr-defined]

    told = press(at_desk("act_on_payment"), cancelled, "send-prompt", newest=cancelled.pk)

    newest = MpesaPayment.objects.latest("pk")
    assert (newest.phone, newest.status, newest.mpesa_order_id) == (
        cancelled.phone,
        "processing",
        cancelled.mpesa_order_id,
    )
    assert "A new request is on its way to the phone." in told
    assert "Prompt requested by Achieng Were" in told


def test_a_double_click_sends_one_request(cancelled: MpesaPayment) -> None:
    MpesaPayment.objects.update(push_sent_at=timezone.now() - timezone.timedelta(minutes=2))  # type: ignore[attr-defined]
    client = at_desk("act_on_payment")

    press(client, cancelled, "send-prompt", newest=cancelled.pk)
    told = press(client, cancelled, "send-prompt", newest=cancelled.pk)

    assert MpesaPayment.objects.count() == 2
    assert "Nothing more was sent." in told
    assert "Waiting for the phone." in told


def test_a_request_too_soon_is_refused_in_a_sentence(cancelled: MpesaPayment) -> None:
    told = press(at_desk("act_on_payment"), cancelled, "send-prompt", newest=cancelled.pk)

    assert "You can send again to this phone at" in told
    assert MpesaPayment.objects.count() == 1


def test_a_request_while_one_is_on_the_phone_leads_to_that_one() -> None:
    payment = states.enter_pin()

    told = press(at_desk("act_on_payment"), payment, "send-prompt", newest=payment.pk)

    assert "A request is on the phone already." in told
    assert MpesaPayment.objects.count() == 1


def test_a_number_is_left_in_peace_with_a_note_and_a_name(cancelled: MpesaPayment) -> None:
    client = at_desk("block_phone")

    without = press(client, cancelled, "block-phone", **{"block-note": "  "})
    assert not MpesaBlockedPhone.objects.exists()
    told = press(client, cancelled, "block-phone", **{"block-note": "she called at noon"})

    blocked = MpesaBlockedPhone.objects.get()
    assert "Write a note: who asked for it, and when." in without
    assert (blocked.phone, blocked.note, blocked.by_name) == (cancelled.phone, "she called at noon", "Achieng Were")
    assert "No more requests will be sent to this number." in told
    assert "she called at noon by Achieng Were" in told


def test_an_order_is_released_once_with_a_name(cancelled: MpesaPayment) -> None:
    client = at_desk("close_order")

    told = press(client, cancelled, "close-order", **{"close-note": "customer gave up"})
    again = press(client, cancelled, "close-order")

    cancelled.mpesa_order.refresh_from_db()
    assert cancelled.mpesa_order.close_reason == "staff"
    assert "The order is closed." in told
    assert "customer gave up" in told
    assert "This order does not wait for a payment any more." in again
    assert events() == [("order_closed", "Achieng Were")]


@pytest.mark.parametrize("action", ["check-status", "send-prompt"])
def test_what_may_call_safaricom_runs_outside_a_transaction(action: str) -> None:
    view = resolve(address(f"payment-{action}", 1)).func

    assert "default" in view._non_atomic_requests  # type: ignore[attr-defined]
