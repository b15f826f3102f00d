"""The payment page in each of its states."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from django.http import Http404
from django.utils import translation

from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import MpesaAllocation, MpesaOrder, MpesaPayment
from oscar_mpesa.payment_page.page import PaymentPage, payment_page, prompt_expires_at
from oscar_mpesa.payment_page.queries import latest_payment
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.update_sources import push_expired
from tests.payment_results import cancelled
from tests.shop import ANOTHER, NOON, PAYS, failure, later, new_order, new_payment, pay, post, query_update, success

pytestmark = pytest.mark.django_db


def page_of(payment: MpesaPayment, *, at: float = 30, shows_number: bool = False) -> PaymentPage:
    fresh = latest_payment(payment.mpesa_order.public_id)
    return payment_page(fresh, now=later(at), shows_number=shows_number)


def test_pending_prompt_asks_for_pin_then_checks() -> None:
    payment = new_payment()

    states = {at: page_of(payment, at=at).state for at in (0, 74, 75, 149)}

    assert states == {0: "enter-pin", 74: "enter-pin", 75: "checking", 149: "checking"}
    assert "If an M-PESA SMS says Confirmed, you have paid" in page_of(payment, at=75).sentence
    assert prompt_expires_at(payment) == later(150)
    assert page_of(payment).is_open


def test_failure_names_its_reason_and_allows_a_retry_at_once() -> None:
    payment = new_payment()
    post(payment, failure(payment, code=1032), now=later(10))

    page = page_of(payment)

    assert page.state == "failed"
    assert page.sentence.startswith("The prompt was canceled or closed.")
    assert page.sentence.endswith("M-PESA says no money was taken.")
    assert (page.can_retry, page.can_send_again, page.retry_at) == (True, True, None)
    assert not page.is_open


@pytest.mark.parametrize(("code", "again"), [(8006, False), (4, False), (2001, True)])
def test_some_failures_ask_for_another_number(code: int, again: bool) -> None:
    payment = new_payment()
    post(payment, failure(payment, code=code))

    page = page_of(payment)

    assert (page.can_retry, page.can_send_again) == (True, again)


@pytest.mark.parametrize(("code", "network"), [(1032, ""), (2001, ""), (1, ""), (1037, "Airtel"), (17, "Airtel")])
def test_result_of_a_safaricom_number_ends_doubts_about_it(code: int, network: str) -> None:
    payment = new_payment(phone=PhoneNumber.parse("0733123456"))
    waiting = page_of(payment)
    post(payment, failure(payment, code=code))

    assert (waiting.other_network, page_of(payment).other_network) == ("Airtel", network)


@pytest.mark.parametrize("code", ["2028", "SFC_IC0003", 8])
def test_shop_error_offers_no_retry(code: Any) -> None:
    payment = new_payment()
    post(payment, failure(payment, code=code))

    page = page_of(payment)

    assert (page.state, page.can_retry, page.can_pay_later) == ("failed", False, False)
    assert page.sentence.startswith("This shop can't take M-PESA right now.")


def test_failure_suggests_other_method_or_support_contact(settings: Any, mpesa_only: None) -> None:
    payment = new_payment()
    post(payment, failure(payment, code="2028"))

    with_another = page_of(payment).sentence
    settings.OSCAR_MPESA = {"TEST_MODE": True, "WAKE": settings.OSCAR_MPESA["WAKE"], "SUPPORT_CONTACT": "0700 000 000"}
    alone = page_of(payment).sentence

    assert "Pay another way." in with_another
    assert "0700 000 000" in alone
    assert "another way" not in alone


def test_result_17_is_a_wait_for_two_minutes() -> None:
    payment = new_payment()
    post(payment, failure(payment, code=17), now=later(10))

    assert page_of(payment, at=129).state == "wait"
    assert page_of(payment, at=131).state == "failed"


def test_number_is_masked_unless_typed_in_this_session() -> None:
    payment = new_payment()
    post(payment, failure(payment, code=1037))

    assert page_of(payment).phone == "0708 •••149"
    assert page_of(payment, shows_number=True).phone == "0708 374 149"


def test_unanswered_prompt_is_not_a_failure() -> None:
    payment = new_payment()
    apply_update(payment, push_expired(), now=later(150))

    page = page_of(payment, at=151)

    assert (page.state, page.can_retry, page.retry_at) == ("unanswered", True, None)
    assert page.sentence.startswith("M-PESA hasn't answered yet.")


def test_paid_page_shows_amount_and_code() -> None:
    page = page_of(pay(new_payment()))

    assert (page.state, page.amount, page.receipt_number) == ("paid", 1500, "OD123ABC45")
    assert page.version != page_of(new_payment()).version


def test_version_is_short_and_follows_the_sentence() -> None:
    page = page_of(cancelled())

    assert re.fullmatch("[0-9a-f]{16}", page.version)
    assert replace(page, sentence="Wrong PIN").version != page.version == replace(page, retry_at=NOON).version


def test_paid_page_warns_of_a_pending_prompt() -> None:
    order = new_order()
    first = new_payment(order)
    post(first, failure(first), now=later(5))
    new_payment(order, phone=ANOTHER, now=later(6))

    post(first, success(first), now=later(20))

    page = page_of(first)
    assert (page.state, page.another_may_come) == ("paid", True)
    assert not page_of(pay(new_payment(), number="OD222BBB22")).another_may_come


def test_paid_without_code_is_paid() -> None:
    payment = new_payment()
    apply_update(payment, query_update("0"), now=later(21))

    page = page_of(payment)

    assert (page.state, page.receipt_number) == ("paid", "")


def test_second_payment_is_a_surplus() -> None:
    order = new_order()
    first = new_payment(order)
    post(first, failure(first), now=later(5))
    pay(new_payment(order, phone=ANOTHER, now=later(6)), number="OD222BBB22")
    post(first, success(first), now=later(20))

    page = page_of(first)

    assert (page.state, page.receipt_number) == ("surplus", "OD123ABC45")


def test_wrong_amount_shows_what_arrived() -> None:
    payment = new_payment()
    post(payment, success(payment, amount=1400))

    page = page_of(payment)

    assert (page.state, page.amount, page.can_retry) == ("mismatch", 1400, False)


def test_payment_of_closed_order_is_late() -> None:
    payment = new_payment()
    MpesaOrder.objects.update(closed_at=later(1))
    closed = page_of(payment).state
    post(payment, success(payment), now=later(9))

    page = page_of(payment)

    assert (closed, page.state, page.receipt_number) == ("closed", "late", "OD123ABC45")


def test_cancelled_order_is_closed() -> None:
    payment = new_payment()
    order = payment.mpesa_order.order
    order.status = "Cancelled"
    order.save()

    page = page_of(payment)

    assert (page.state, page.can_retry, page.can_restore) == ("closed", False, False)


def test_order_is_paid_although_the_shops_books_are_not_written() -> None:
    payment = pay(new_payment())
    MpesaAllocation.objects.update(booked_at=None, error="the shop's code raised")

    page = page_of(payment)

    assert (page.state, page.is_open, page.can_retry) == ("paid", False, False)


def test_page_is_in_the_readers_language() -> None:
    payment = new_payment()
    post(payment, failure(payment, code=1032))

    with translation.override("sw"):
        page = page_of(payment)

    assert page.sentence.startswith("Ombi lilighairiwa")


def test_unknown_order_is_not_found() -> None:
    with pytest.raises(Http404):
        latest_payment("0" * 32)


def test_page_is_about_the_latest_payment() -> None:
    order = new_order()
    first = new_payment(order, phone=PAYS)
    post(first, failure(first), now=later(5))
    second = new_payment(order, phone=ANOTHER, now=later(6))

    assert latest_payment(first.mpesa_order.public_id) == second


@pytest.mark.parametrize("code", ["", "1037"], ids=["our clock ended it", "the phone did not answer"])
def test_after_an_unanswered_prompt_another_may_come(code: str) -> None:
    order = new_order()
    first = new_payment(order, phone=PAYS)
    if code:
        post(first, failure(first, code=code), now=later(70))
    else:
        apply_update(first, push_expired(), now=later(150))

    second = new_payment(order, phone=ANOTHER, now=later(160))

    assert page_of(second, at=161).another_may_come


def test_after_an_answered_prompt_no_other_is_expected() -> None:
    order = new_order()
    first = new_payment(order, phone=PAYS)
    post(first, failure(first, code=1032), now=later(5))

    second = new_payment(order, phone=ANOTHER, now=later(6))

    assert (page_of(first, at=6).state, page_of(first, at=6).another_may_come) == ("enter-pin", False)
    assert (page_of(second, at=7).state, page_of(second, at=7).another_may_come) == ("enter-pin", False)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("1", "There isn't enough money on 0708 •••149."),
        ("2", "M-PESA doesn't accept such a small amount. Pay another way."),
        ("4", "Pay from another number. Pay another way."),
        ("8006", "The M-PESA PIN of 0708 •••149 is locked."),
        ("1019", "If an M-PESA SMS says Confirmed, don't pay again: call us."),
        ("1031", "Time ran out before the PIN was entered."),
        ("2001", "The M-PESA PIN was wrong."),
        ("4711", "M-PESA couldn't complete this payment."),
    ],
)
def test_each_result_has_a_complete_sentence(code: str, words: str) -> None:
    payment = new_payment()
    MpesaPayment.objects.update(status="failed", live_order=None, result_code=code, ended_at=NOON)
    payment.refresh_from_db()

    sentence = page_of(payment).sentence

    assert words in sentence
    assert "{" not in sentence


def test_shop_without_support_contact_says_the_shop(settings: Any, mpesa_only: None) -> None:
    settings.OSCAR_MPESA = {"TEST_MODE": True, "WAKE": settings.OSCAR_MPESA["WAKE"]}
    payment = new_payment()
    post(payment, failure(payment, code="2028"))

    assert page_of(payment).sentence.endswith("Call or WhatsApp us: the shop")
