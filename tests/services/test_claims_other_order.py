"""Staff record a code for the wrong order or payment; its money still counts once (M6)."""

from __future__ import annotations

import pytest

from oscar_mpesa.models import Allocation, MessageKind, MpesaEvent, MpesaReceipt, Verdict
from oscar_mpesa.services.exceptions import PaymentUnclear
from oscar_mpesa.services.payment_updates import apply_update
from tests.services.recorded_codes import CONFIRMED, assert_booked_once, numbers, record_code, two_expired
from tests.shop import ANOTHER, later, new_payment, post, query_update, success

pytestmark = pytest.mark.django_db


def test_code_recorded_for_the_wrong_order_moves_to_the_confirmed_one() -> None:
    payment, other = new_payment(), new_payment(phone=ANOTHER)
    wrong = record_code(payment, number=CONFIRMED)

    callback = post(other, success(other, number=CONFIRMED), now=later(500))

    wrong.refresh_from_db()
    right = MpesaReceipt.objects.get(number=CONFIRMED)
    assert (callback.verdict, right.payment, right.allocation) == (Verdict.APPLIED, other, Allocation.APPLIED)
    assert (wrong.number, wrong.allocation) == (None, Allocation.MISMATCH)
    assert wrong.reason == "code_of_other_order"
    params = MpesaEvent.objects.get(type="receipt_unmatched", receipt=wrong).params
    assert (params["number"], params["order"]) == (CONFIRMED, other.mpesa_order.order.number)
    assert wrong.outbox_messages.filter(kind=MessageKind.RECEIPT_UNMATCHED).count() == 1


def test_confirmed_code_is_not_moved_by_another_payment_s_callback() -> None:
    payment, other = new_payment(), new_payment(phone=ANOTHER)
    post(payment, success(payment, number=CONFIRMED), now=later(400))

    callback = post(other, success(other, number=CONFIRMED), now=later(500))

    assert (callback.verdict, MpesaReceipt.objects.get().payment) == (Verdict.UNMATCHED, payment)
    assert MpesaEvent.objects.filter(type="receipt_code_conflict").get().payment == other


def test_money_paid_by_hand_and_by_prompt_are_two_receipts() -> None:
    payment = new_payment()
    record_code(payment, number="OD999ZZZ99")

    post(payment, success(payment, number=CONFIRMED), now=later(500))

    assert numbers() == {"OD999ZZZ99": "applied", CONFIRMED: "surplus"}


def test_code_that_may_belong_to_queried_money_needs_a_named_payment() -> None:
    first, second = two_expired()
    for payment in (first, second):
        apply_update(payment, query_update("0"), now=later(380))

    with pytest.raises(PaymentUnclear):
        record_code(first, number=CONFIRMED)
    record_code(first, number=CONFIRMED, payment=second)

    assert numbers() == {None: "applied", CONFIRMED: "surplus"}


def test_code_recorded_for_the_wrong_payment_belongs_to_the_booked_money() -> None:
    first, second = two_expired()
    apply_update(first, query_update("0"), now=later(380))
    record_code(first, number=CONFIRMED, payment=second)

    post(first, success(first, number=CONFIRMED), now=later(500))

    assert numbers() == {CONFIRMED: "applied", None: "explained"}
    assert_booked_once(CONFIRMED)


@pytest.mark.parametrize("source", ["staff", "Safaricom"])
def test_receipt_resolved_as_the_same_money_takes_no_other_code(source: str) -> None:
    first, second = two_expired()
    apply_update(first, query_update("0"), now=later(380))
    record_code(first, number=CONFIRMED, payment=second)
    post(first, success(first, number=CONFIRMED), now=later(500))

    if source == "staff":
        record_code(first, number="OD999ZZZ99")
    else:
        post(second, success(second, number="OD999ZZZ99"), now=later(600))

    assert numbers() == {CONFIRMED: "applied", None: "explained", "OD999ZZZ99": "surplus"}
