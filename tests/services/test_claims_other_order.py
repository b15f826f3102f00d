"""Codes that staff typed for another order or attempt than the one they belong to: no money is counted twice (M6)."""

from __future__ import annotations

import pytest

from oscar_mpesa.models import Allocation, MessageKind, MpesaEvent, MpesaReceipt, Verdict
from oscar_mpesa.services.exceptions import PaymentUnclear
from oscar_mpesa.services.payment_updates import apply_update
from tests.services.typed import TOLD, assert_booked_once, numbers, two_expired, typed
from tests.shop import ANOTHER, later, new_payment, post, said_by_query, success

pytestmark = pytest.mark.django_db


def test_a_code_that_was_typed_for_another_order_goes_to_the_one_that_safaricom_names() -> None:
    payment, other = new_payment(), new_payment(phone=ANOTHER)
    wrong = typed(payment, number=TOLD)

    callback = post(other, success(other, number=TOLD), now=later(500))

    wrong.refresh_from_db()
    right = MpesaReceipt.objects.get(number=TOLD)
    assert (callback.verdict, right.payment, right.allocation) == (Verdict.APPLIED, other, Allocation.APPLIED)
    assert (wrong.number, wrong.allocation) == (None, Allocation.MISMATCH)
    assert wrong.reason == "code_of_other_order"
    params = MpesaEvent.objects.get(type="receipt_unmatched", receipt=wrong).params
    assert (params["number"], params["order"]) == (TOLD, other.mpesa_order.order.number)
    assert wrong.outbox_messages.filter(kind=MessageKind.RECEIPT_UNMATCHED).count() == 1


def test_a_code_that_safaricom_told_for_one_attempt_is_not_taken_from_it_by_another() -> None:
    payment, other = new_payment(), new_payment(phone=ANOTHER)
    post(payment, success(payment, number=TOLD), now=later(400))

    callback = post(other, success(other, number=TOLD), now=later(500))

    assert (callback.verdict, MpesaReceipt.objects.get().payment) == (Verdict.UNMATCHED, payment)
    assert MpesaEvent.objects.filter(type="receipt_code_conflict").get().payment == other


def test_money_paid_by_hand_and_money_of_the_prompt_are_two() -> None:
    payment = new_payment()
    typed(payment, number="OD999ZZZ99")

    post(payment, success(payment, number=TOLD), now=later(500))

    assert numbers() == {"OD999ZZZ99": "applied", TOLD: "surplus"}


def test_a_code_is_not_recorded_beside_money_whose_code_it_may_be() -> None:
    first, second = two_expired()
    for attempt in (first, second):
        apply_update(attempt, said_by_query("0"), now=later(380))

    with pytest.raises(PaymentUnclear):
        typed(first, number=TOLD)
    typed(first, number=TOLD, payment=second)

    assert numbers() == {None: "applied", TOLD: "surplus"}


def test_a_code_typed_for_the_wrong_attempt_is_that_of_the_money_in_the_books() -> None:
    first, second = two_expired()
    apply_update(first, said_by_query("0"), now=later(380))
    typed(first, number=TOLD, payment=second)

    post(first, success(first, number=TOLD), now=later(500))

    assert numbers() == {TOLD: "applied", None: "explained"}
    assert_booked_once(TOLD)


@pytest.mark.parametrize("who", ["staff", "Safaricom"])
def test_a_row_that_told_of_the_same_money_takes_no_other_money_in(who: str) -> None:
    first, second = two_expired()
    apply_update(first, said_by_query("0"), now=later(380))
    typed(first, number=TOLD, payment=second)
    post(first, success(first, number=TOLD), now=later(500))

    if who == "staff":
        typed(first, number="OD999ZZZ99")
    else:
        post(second, success(second, number="OD999ZZZ99"), now=later(600))

    assert numbers() == {TOLD: "applied", None: "explained", "OD999ZZZ99": "surplus"}
