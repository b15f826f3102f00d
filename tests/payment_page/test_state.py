"""What the waiting page says in each state, and to whom."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import Http404
from django.utils import translation

from oscar_mpesa.models import MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.payment_page.state import PaymentPage, latest_payment, payment_page, prompt_expires_at
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.update_sources import push_expired
from tests.shop import ANOTHER, PAYS, failure, later, new_order, new_payment, pay, post, said_by_query, success

pytestmark = pytest.mark.django_db


def story(payment: MpesaPayment, *, at: float = 30, shows_number: bool = False) -> PaymentPage:
    fresh = latest_payment(payment.mpesa_order.public_id)
    return payment_page(fresh, now=later(at), shows_number=shows_number)


def test_a_prompt_on_the_phone_is_waited_for_and_then_checked() -> None:
    payment = new_payment()

    states = {at: story(payment, at=at).state for at in (0, 74, 75, 149)}

    assert states == {0: "enter-pin", 74: "enter-pin", 75: "checking", 149: "checking"}
    assert "If an M-PESA SMS says Confirmed, you have paid" in story(payment, at=75).sentence
    assert prompt_expires_at(payment) == later(150)
    assert story(payment).is_open


def test_a_failure_says_its_own_sentence_and_when_the_same_phone_may_be_tried() -> None:
    payment = new_payment()
    post(payment, failure(payment, code=1032), now=later(10))

    told, after = story(payment), story(payment, at=60)

    assert told.state == "failed"
    assert told.sentence.startswith("The request was cancelled, or closed before a PIN was entered.")
    assert told.sentence.endswith("M-PESA says no money was taken.")
    assert (told.can_retry, told.can_send_again, told.retry_at) == (True, True, later(60))
    assert after.retry_at is None
    assert not told.is_open


@pytest.mark.parametrize(("code", "again"), [(8006, False), (4, False), (2001, True)])
def test_some_failures_ask_for_another_number(code: int, again: bool) -> None:
    payment = new_payment()
    post(payment, failure(payment, code=code))

    told = story(payment)

    assert (told.can_retry, told.can_send_again) == (True, again)


@pytest.mark.parametrize("code", ["2028", "SFC_IC0003", 8])
def test_a_fault_of_the_shop_offers_no_new_prompt(code: Any) -> None:
    payment = new_payment()
    post(payment, failure(payment, code=code))

    told = story(payment)

    assert (told.state, told.can_retry, told.can_pay_later) == ("failed", False, False)
    assert told.sentence.startswith("This shop cannot take M-PESA right now.")


def test_a_shop_with_another_method_names_it_and_one_without_gives_its_help_line(
    settings: Any, mpesa_only: None
) -> None:
    payment = new_payment()
    post(payment, failure(payment, code="2028"))

    with_another = story(payment).sentence
    settings.OSCAR_MPESA = {"TEST_MODE": True, "SUPPORT_CONTACT": "0700 000 000"}
    alone = story(payment).sentence

    assert "Pay another way." in with_another
    assert "0700 000 000" in alone
    assert "another way" not in alone


def test_seventeen_within_two_minutes_is_a_wait_and_not_a_failure() -> None:
    payment = new_payment()
    post(payment, failure(payment, code=17), now=later(10))

    assert story(payment, at=129).state == "wait"
    assert story(payment, at=131).state == "failed"


def test_the_number_is_masked_but_for_who_typed_it() -> None:
    payment = new_payment()
    post(payment, failure(payment, code=1037))

    assert "The phone 0708 •••149 did not answer." in story(payment).sentence
    assert "The phone 0708 374 149 did not answer." in story(payment, shows_number=True).sentence


def test_no_answer_is_never_called_a_failure() -> None:
    payment = new_payment()
    apply_update(payment, push_expired(), now=later(150))

    told = story(payment, at=151)

    assert (told.state, told.can_retry, told.retry_at) == ("unanswered", True, None)
    assert told.sentence.startswith("No answer from M-PESA yet.")


def test_paid_names_the_amount_and_the_code() -> None:
    told = story(pay(new_payment()))

    assert (told.state, told.amount, told.receipt_number) == ("paid", 1500, "OD123ABC45")
    assert told.version != story(new_payment()).version


def test_who_has_paid_is_told_to_cancel_a_request_that_is_still_on_a_phone() -> None:
    order = new_order()
    first = new_payment(order)
    post(first, failure(first), now=later(5))
    new_payment(order, phone=ANOTHER, now=later(6))

    post(first, success(first), now=later(20))

    told = story(first)
    assert (told.state, told.another_may_come) == ("paid", True)
    assert not story(pay(new_payment(), number="OD222BBB22")).another_may_come


def test_paid_without_a_code_yet_is_paid() -> None:
    payment = new_payment()
    apply_update(payment, said_by_query("0"), now=later(21))

    told = story(payment)

    assert (told.state, told.receipt_number) == ("paid", "")


def test_two_payments_for_one_order_are_told_as_such() -> None:
    order = new_order()
    first = new_payment(order)
    post(first, failure(first), now=later(5))
    pay(new_payment(order, phone=ANOTHER, now=later(6)), number="OD222BBB22")
    post(first, success(first), now=later(20))

    told = story(first)

    assert (told.state, told.receipt_number) == ("surplus", "OD123ABC45")


def test_another_amount_is_told_with_what_arrived() -> None:
    payment = new_payment()
    post(payment, success(payment, amount=1400))

    told = story(payment)

    assert (told.state, told.amount, told.can_retry) == ("mismatch", 1400, False)


def test_money_for_a_closed_order_is_told_as_late() -> None:
    payment = new_payment()
    MpesaOrder.objects.update(closed_at=later(1))
    closed = story(payment).state
    post(payment, success(payment), now=later(9))

    told = story(payment)

    assert (closed, told.state, told.receipt_number) == ("closed", "late", "OD123ABC45")


def test_an_order_that_staff_cancelled_is_closed() -> None:
    payment = new_payment()
    order = payment.mpesa_order.order
    order.status = "Cancelled"
    order.save()

    told = story(payment)

    assert (told.state, told.can_retry, told.can_restore) == ("closed", False, False)


def test_money_whose_books_failed_has_arrived_and_the_page_goes_on_looking() -> None:
    payment = pay(new_payment())
    MpesaReceipt.objects.update(allocation="unallocated", error="the shop's code raised")

    told = story(payment)

    assert (told.state, told.is_open, told.can_retry) == ("arrived", True, False)


def test_the_story_is_told_in_the_reader_s_language() -> None:
    payment = new_payment()
    post(payment, failure(payment, code=1032))

    with translation.override("sw"):
        told = story(payment)

    assert told.sentence.startswith("Ombi lilighairiwa")


def test_an_unknown_order_is_not_found() -> None:
    with pytest.raises(Http404):
        latest_payment("0" * 32)


def test_the_latest_attempt_is_told() -> None:
    order = new_order()
    first = new_payment(order, phone=PAYS)
    post(first, failure(first), now=later(5))
    second = new_payment(order, phone=ANOTHER, now=later(6))

    assert latest_payment(first.mpesa_order.public_id) == second


@pytest.mark.parametrize("code", ["", "1037"], ids=["our clock ended it", "the phone did not answer"])
def test_after_an_unanswered_prompt_the_old_one_may_still_turn_up(code: str) -> None:
    order = new_order()
    first = new_payment(order, phone=PAYS)
    if code:
        post(first, failure(first, code=code), now=later(70))
    else:
        apply_update(first, push_expired(), now=later(150))

    second = new_payment(order, phone=ANOTHER, now=later(160))

    assert story(second, at=161).another_may_come


def test_after_an_answer_no_other_request_is_expected() -> None:
    order = new_order()
    first = new_payment(order, phone=PAYS)
    post(first, failure(first, code=1032), now=later(5))

    second = new_payment(order, phone=ANOTHER, now=later(6))

    assert (story(first, at=6).state, story(first, at=6).another_may_come) == ("enter-pin", False)
    assert (story(second, at=7).state, story(second, at=7).another_may_come) == ("enter-pin", False)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("1", "There is not enough money in that M-PESA."),
        ("2", "This amount is too small for M-PESA. Pay another way."),
        ("4", "Use another number. Pay another way."),
        ("8006", "The M-PESA PIN of that number is locked."),
        ("1019", "If an M-PESA SMS says Confirmed, do not pay again: call us."),
        ("1031", "Time ran out before the PIN was entered."),
        ("2001", "The M-PESA PIN was wrong."),
        ("4711", "The payment did not go through."),
    ],
)
def test_a_result_is_told_in_its_own_words_with_every_part_filled_in(code: str, words: str) -> None:
    payment = new_payment()
    post(payment, failure(payment, code=code))

    sentence = story(payment).sentence

    assert words in sentence
    assert "{" not in sentence


def test_a_shop_without_help_line_and_other_methods_names_the_shop(settings: Any, mpesa_only: None) -> None:
    settings.OSCAR_MPESA = {"TEST_MODE": True}
    payment = new_payment()
    post(payment, failure(payment, code="2028"))

    assert story(payment).sentence.endswith("Call or WhatsApp us: the shop")
