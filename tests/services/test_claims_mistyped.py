"""What staff typed gives way to what Safaricom tells of the same money, and is never counted beside it (M6, M8)."""

from __future__ import annotations

import pytest
from django.db import OperationalError

from oscar_mpesa.models import Allocation, MessageKind, MpesaCallback, MpesaEvent, MpesaReceipt, ReceiptSource, Verdict
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.receipt_decisions import allocate_receipt, resolve_receipt
from tests.services.concurrent_changes import broken_books
from tests.services.typed import TOLD, TYPED, Order, assert_booked_once, numbers, two_expired, typed
from tests.shop import ANOTHER, later, new_clerk, new_payment, post, said_by_query, success

pytestmark = pytest.mark.django_db


def test_safaricom_s_code_takes_the_place_of_a_mistyped_one() -> None:
    payment = new_payment()
    typed(payment)

    callback = post(payment, success(payment, number=TOLD), now=later(500))

    receipt = MpesaReceipt.objects.get()
    event = MpesaEvent.objects.get(type="receipt_code_added", params__before=TYPED)
    assert (callback.verdict, receipt.number, receipt.allocation) == (Verdict.APPLIED, TOLD, Allocation.APPLIED)
    assert (receipt.source, event.params["after"]) == (ReceiptSource.CALLBACK, TOLD)
    assert_booked_once(TOLD)


def test_the_same_code_told_by_safaricom_makes_it_proven() -> None:
    payment = new_payment()
    typed(payment, number=TOLD)

    first = post(payment, success(payment, number=TOLD), now=later(500))
    again = post(payment, success(payment, number=TOLD), now=later(501))

    assert (first.verdict, again.verdict) == (Verdict.APPLIED, Verdict.DUPLICATE)
    assert MpesaReceipt.objects.get().source == ReceiptSource.CALLBACK
    assert_booked_once(TOLD)


def test_another_amount_than_was_typed_is_not_taken_for_a_repeat() -> None:
    payment = new_payment()
    typed(payment, number=TOLD)

    callback = post(payment, success(payment, number=TOLD, amount=1400), now=later(500))

    receipt = MpesaReceipt.objects.get()
    assert (callback.verdict, receipt.allocation, receipt.amount) == (Verdict.MISMATCH, Allocation.MISMATCH, 1400)
    assert receipt.outbox_messages.filter(kind=MessageKind.RECEIPT_UNMATCHED).exists()


def test_another_amount_than_safaricom_told_before_is_not_taken_for_a_repeat_either() -> None:
    payment = new_payment()
    post(payment, success(payment, number=TOLD))

    callback = post(payment, success(payment, number=TOLD, amount=1400), now=later(500))

    assert (callback.verdict, MpesaReceipt.objects.get().amount) == (Verdict.NO_CHANGE, 1500)
    assert MpesaEvent.objects.filter(type="receipt_amount_conflict").count() == 1


@pytest.mark.parametrize("number", [TYPED, TOLD], ids=["another code", "the same code"])
def test_an_amount_that_was_mistyped_is_put_right_and_pays_the_order(number: str) -> None:
    payment = new_payment()
    typed(payment, number=number, amount=1400)

    post(payment, success(payment, number=TOLD), now=later(500))

    payment.refresh_from_db()
    receipt = MpesaReceipt.objects.get()
    assert (payment.status, payment.on_hold) == ("completed", False)
    assert (receipt.number, receipt.amount, receipt.allocation) == (TOLD, 1500, Allocation.APPLIED)
    assert_booked_once(TOLD)


def test_an_amount_that_staff_accepted_before_it_was_told_right_stays_in_the_books_until_they_decide() -> None:
    payment, clerk = new_payment(), new_clerk("apply_receipt")
    receipt = typed(payment, number=TOLD, amount=1400)
    allocate_receipt(receipt, payment.mpesa_order.order, by=clerk, accept_difference=True, now=later(450))

    post(payment, success(payment, number=TOLD), now=later(500))
    in_between = (MpesaReceipt.objects.get().allocation, Order.objects.get().sources.get().amount_debited)
    allocate_receipt(MpesaReceipt.objects.get(), payment.mpesa_order.order, by=clerk, now=later(550))

    assert in_between == (Allocation.MISMATCH, 1400)
    assert_booked_once(TOLD)


def test_an_amount_that_safaricom_confirms_still_waits_for_a_person() -> None:
    payment = new_payment()
    typed(payment, amount=1400)

    post(payment, success(payment, number=TOLD, amount=1400), now=later(500))

    payment.refresh_from_db()
    assert (payment.status, payment.on_hold) == ("processing", True)
    assert numbers() == {TOLD: "mismatch"}


def test_money_that_was_typed_for_the_order_alone_finds_its_attempt() -> None:
    first, second = two_expired()
    typed(first, number=TOLD)

    post(second, success(second, number=TOLD), now=later(500))

    second.refresh_from_db()
    assert (MpesaReceipt.objects.get().payment, second.status) == (second, "completed")
    assert_booked_once(TOLD)


def test_money_that_was_typed_for_the_wrong_attempt_moves_to_the_right_one() -> None:
    first, second = two_expired()
    typed(first, number=TOLD, payment=first)

    post(second, success(second, number=TOLD), now=later(500))

    assert MpesaReceipt.objects.get().payment == second
    assert_booked_once(TOLD)


def test_money_that_staff_typed_and_a_query_told_of_is_one_once_its_code_is_known() -> None:
    first, second = two_expired()
    typed(first, number=TOLD)
    apply_update(second, said_by_query("0"), now=later(450))
    in_between = numbers()

    post(second, success(second, number=TOLD), now=later(500))

    assert in_between == {TOLD: "applied", None: "surplus"}
    assert numbers() == {TOLD: "applied", None: "explained"}
    assert MpesaReceipt.objects.get(number=None).same_as == MpesaReceipt.objects.get(number=TOLD)
    assert MpesaReceipt.objects.counted().get().number == TOLD
    assert_booked_once(TOLD)


def test_money_that_a_query_told_of_and_staff_closed_stays_closed() -> None:
    first, second = two_expired()
    typed(first, number=TOLD)
    apply_update(second, said_by_query("0"), now=later(450))
    surplus = MpesaReceipt.objects.get(number=None)
    resolve_receipt(surplus, note="the same", by=new_clerk("explain_receipt"), now=later(460))

    post(second, success(second, number=TOLD), now=later(500))

    surplus.refresh_from_db()
    assert (surplus.note, surplus.reason) == ("the same", "order_paid")


def test_of_two_typed_codes_the_one_in_the_books_gives_way() -> None:
    payment = new_payment()
    typed(payment)
    typed(payment, number="OD123ABC46", payment=payment)

    post(payment, success(payment, number=TOLD), now=later(500))

    assert numbers() == {TOLD: "applied", "OD123ABC46": "surplus"}
    assert_booked_once(TOLD)


def test_a_code_that_staff_closed_is_not_opened_by_hearing_of_it_again() -> None:
    payment = new_payment()
    receipt = typed(payment, number=TOLD, amount=1400)
    resolve_receipt(receipt, note="a mistake", by=new_clerk("explain_receipt"), now=later(450))

    callback = post(payment, success(payment, number=TOLD, amount=1400), now=later(500))

    assert (callback.verdict, numbers()) == (Verdict.DUPLICATE, {TOLD: "explained"})


def test_a_deadlock_while_a_code_is_written_into_the_books_leaves_its_callback_to_try_again() -> None:
    payment = new_payment()
    apply_update(payment, said_by_query("0"), now=later(30))

    with broken_books(OperationalError("deadlock detected")):
        post(payment, success(payment, number=TOLD), now=later(40))

    assert MpesaCallback.objects.get().verdict == Verdict.FAILED
    assert numbers() == {None: "applied"}


def test_money_used_for_another_order_is_known_again_when_it_is_repeated() -> None:
    payment = new_payment()
    post(payment, success(payment, number=TOLD, amount=1400))
    other = new_payment(phone=ANOTHER).mpesa_order.order
    MpesaReceipt.objects.update(order=other, allocation="applied", booked_at=later(9))

    again = post(payment, success(payment, number=TOLD, amount=1400), now=later(500))

    assert again.verdict == Verdict.DUPLICATE
    assert not MpesaEvent.objects.filter(type="receipt_code_conflict").exists()
