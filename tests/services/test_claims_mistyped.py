"""Safaricom's update replaces what staff recorded for the same money, and the two never both count (M6, M8)."""

from __future__ import annotations

import pytest
from django.db import OperationalError

from oscar_mpesa.models import Allocation, MessageKind, MpesaCallback, MpesaEvent, MpesaReceipt, ReceiptSource, Verdict
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.receipt_decisions import allocate_receipt, resolve_receipt
from tests.services.concurrent_changes import broken_books
from tests.services.recorded_codes import (
    CONFIRMED,
    MISTYPED,
    Order,
    assert_booked_once,
    numbers,
    record_code,
    two_expired,
)
from tests.shop import ANOTHER, later, new_payment, new_staff_user, post, query_update, success

pytestmark = pytest.mark.django_db


def test_callback_s_code_replaces_a_mistyped_one() -> None:
    payment = new_payment()
    record_code(payment)

    callback = post(payment, success(payment, number=CONFIRMED), now=later(500))

    receipt = MpesaReceipt.objects.get()
    event = MpesaEvent.objects.get(type="receipt_code_added", params__before=MISTYPED)
    assert (callback.verdict, receipt.number, receipt.allocation) == (Verdict.APPLIED, CONFIRMED, Allocation.APPLIED)
    assert (receipt.source, event.params["after"]) == (ReceiptSource.CALLBACK, CONFIRMED)
    assert_booked_once(CONFIRMED)


def test_callback_with_the_recorded_code_confirms_it() -> None:
    payment = new_payment()
    record_code(payment, number=CONFIRMED)

    first = post(payment, success(payment, number=CONFIRMED), now=later(500))
    again = post(payment, success(payment, number=CONFIRMED), now=later(501))

    assert (first.verdict, again.verdict) == (Verdict.APPLIED, Verdict.DUPLICATE)
    assert MpesaReceipt.objects.get().source == ReceiptSource.CALLBACK
    assert_booked_once(CONFIRMED)


def test_other_amount_than_recorded_is_no_duplicate() -> None:
    payment = new_payment()
    record_code(payment, number=CONFIRMED)

    callback = post(payment, success(payment, number=CONFIRMED, amount=1400), now=later(500))

    receipt = MpesaReceipt.objects.get()
    assert (callback.verdict, receipt.allocation, receipt.amount) == (Verdict.MISMATCH, Allocation.MISMATCH, 1400)
    assert receipt.outbox_messages.filter(kind=MessageKind.RECEIPT_UNMATCHED).exists()


def test_other_amount_than_an_earlier_callback_is_no_duplicate() -> None:
    payment = new_payment()
    post(payment, success(payment, number=CONFIRMED))

    callback = post(payment, success(payment, number=CONFIRMED, amount=1400), now=later(500))

    assert (callback.verdict, MpesaReceipt.objects.get().amount) == (Verdict.NO_CHANGE, 1500)
    assert MpesaEvent.objects.filter(type="receipt_amount_conflict").count() == 1


@pytest.mark.parametrize("number", [MISTYPED, CONFIRMED], ids=["another code", "the same code"])
def test_mistyped_amount_is_corrected_and_pays_the_order(number: str) -> None:
    payment = new_payment()
    record_code(payment, number=number, amount=1400)

    post(payment, success(payment, number=CONFIRMED), now=later(500))

    payment.refresh_from_db()
    receipt = MpesaReceipt.objects.get()
    assert (payment.status, payment.on_hold) == ("completed", False)
    assert (receipt.number, receipt.amount, receipt.allocation) == (CONFIRMED, 1500, Allocation.APPLIED)
    assert_booked_once(CONFIRMED)


def test_amount_accepted_by_staff_stays_booked_until_they_decide_again() -> None:
    payment, staff = new_payment(), new_staff_user("apply_receipt")
    receipt = record_code(payment, number=CONFIRMED, amount=1400)
    allocate_receipt(receipt, payment.mpesa_order.order, by=staff, accept_difference=True, now=later(450))

    post(payment, success(payment, number=CONFIRMED), now=later(500))
    in_between = (MpesaReceipt.objects.get().allocation, Order.objects.get().sources.get().amount_debited)
    allocate_receipt(MpesaReceipt.objects.get(), payment.mpesa_order.order, by=staff, now=later(550))

    assert in_between == (Allocation.MISMATCH, 1400)
    assert_booked_once(CONFIRMED)


def test_wrong_amount_confirmed_by_safaricom_waits_for_a_person() -> None:
    payment = new_payment()
    record_code(payment, amount=1400)

    post(payment, success(payment, number=CONFIRMED, amount=1400), now=later(500))

    payment.refresh_from_db()
    assert (payment.status, payment.on_hold) == ("processing", True)
    assert numbers() == {CONFIRMED: "mismatch"}


def test_money_recorded_for_the_order_is_linked_to_its_payment() -> None:
    first, second = two_expired()
    record_code(first, number=CONFIRMED)

    post(second, success(second, number=CONFIRMED), now=later(500))

    second.refresh_from_db()
    assert (MpesaReceipt.objects.get().payment, second.status) == (second, "completed")
    assert_booked_once(CONFIRMED)


def test_money_recorded_for_the_wrong_payment_moves_to_the_right_one() -> None:
    first, second = two_expired()
    record_code(first, number=CONFIRMED, payment=first)

    post(second, success(second, number=CONFIRMED), now=later(500))

    assert MpesaReceipt.objects.get().payment == second
    assert_booked_once(CONFIRMED)


def test_recorded_and_queried_money_become_one_when_the_code_is_known() -> None:
    first, second = two_expired()
    record_code(first, number=CONFIRMED)
    apply_update(second, query_update("0"), now=later(450))
    in_between = numbers()

    post(second, success(second, number=CONFIRMED), now=later(500))

    assert in_between == {CONFIRMED: "applied", None: "surplus"}
    assert numbers() == {CONFIRMED: "applied", None: "explained"}
    assert MpesaReceipt.objects.get(number=None).same_as == MpesaReceipt.objects.get(number=CONFIRMED)
    assert MpesaReceipt.objects.counted().get().number == CONFIRMED
    assert_booked_once(CONFIRMED)


def test_queried_money_that_staff_resolved_stays_resolved() -> None:
    first, second = two_expired()
    record_code(first, number=CONFIRMED)
    apply_update(second, query_update("0"), now=later(450))
    surplus = MpesaReceipt.objects.get(number=None)
    resolve_receipt(surplus, note="the same", by=new_staff_user("explain_receipt"), now=later(460))

    post(second, success(second, number=CONFIRMED), now=later(500))

    surplus.refresh_from_db()
    assert (surplus.note, surplus.reason) == ("the same", "order_paid")


def test_callback_replaces_the_booked_one_of_two_recorded_codes() -> None:
    payment = new_payment()
    record_code(payment)
    record_code(payment, number="OD123ABC46", payment=payment)

    post(payment, success(payment, number=CONFIRMED), now=later(500))

    assert numbers() == {CONFIRMED: "applied", "OD123ABC46": "surplus"}
    assert_booked_once(CONFIRMED)


def test_resolved_code_is_not_reopened_by_its_callback() -> None:
    payment = new_payment()
    receipt = record_code(payment, number=CONFIRMED, amount=1400)
    resolve_receipt(receipt, note="a mistake", by=new_staff_user("explain_receipt"), now=later(450))

    callback = post(payment, success(payment, number=CONFIRMED, amount=1400), now=later(500))

    assert (callback.verdict, numbers()) == (Verdict.DUPLICATE, {CONFIRMED: "explained"})


def test_deadlock_while_adding_a_code_leaves_the_callback_to_retry() -> None:
    payment = new_payment()
    apply_update(payment, query_update("0"), now=later(30))

    with broken_books(OperationalError("deadlock detected")):
        post(payment, success(payment, number=CONFIRMED), now=later(40))

    assert MpesaCallback.objects.get().verdict == Verdict.FAILED
    assert numbers() == {None: "applied"}


def test_money_used_for_another_order_is_a_duplicate_when_repeated() -> None:
    payment = new_payment()
    post(payment, success(payment, number=CONFIRMED, amount=1400))
    other = new_payment(phone=ANOTHER).mpesa_order.order
    MpesaReceipt.objects.update(order=other, allocation="applied", booked_at=later(9))

    again = post(payment, success(payment, number=CONFIRMED, amount=1400), now=later(500))

    assert again.verdict == Verdict.DUPLICATE
    assert not MpesaEvent.objects.filter(type="receipt_code_conflict").exists()
