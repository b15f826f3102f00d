"""Apply updates to a payment: which ones settle it, and which do not (M5 to M10)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError
from oscar.apps.order.signals import order_status_changed

from oscar_mpesa.models import MpesaCallback, MpesaEvent, MpesaPayment, MpesaReceipt, ReceiptStatus, Verdict
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.update_sources import push_abandoned
from tests.shop import ANOTHER, NOON, failure, later, new_payment, pay, post, query_update, success

pytestmark = pytest.mark.django_db


def test_success_callback_pays_the_order_and_books_it() -> None:
    payment = new_payment()

    callback = post(payment, success(payment), now=later(9))

    payment.refresh_from_db()
    order = payment.mpesa_order.order
    source, event = order.sources.get(), order.payment_events.get()
    assert (payment.status, payment.completed_at, payment.live_order) == ("completed", later(9), None)
    assert callback.verdict == Verdict.APPLIED
    assert order.status == "Being processed"
    assert (source.amount_debited, source.amount_allocated, source.reference) == (1500, 1500, "OD123ABC45")
    assert [(txn.txn_type, txn.amount, txn.reference) for txn in source.transactions.all()] == [
        ("Debit", Decimal("1500.00"), "OD123ABC45")
    ]
    assert (event.amount, event.reference, event.lines.count()) == (1500, "OD123ABC45", 1)
    assert MpesaReceipt.objects.get().status == ReceiptStatus.MATCHED


def test_repeated_callback_is_a_duplicate() -> None:
    payment = pay(new_payment())

    callback = post(payment, success(payment), now=later(5))

    assert callback.verdict == Verdict.DUPLICATE
    assert MpesaReceipt.objects.count() == 1
    assert payment.mpesa_order.order.payment_events.count() == 1


def test_failure_callback_ends_the_payment_with_its_code() -> None:
    payment = new_payment()

    post(payment, failure(payment, code=1032))

    payment.refresh_from_db()
    assert (payment.status, payment.result_code, payment.live_order) == ("cancelled", "1032", None)
    assert payment.result_description == "Request cancelled by user"
    assert payment.mpesa_order.order.status == "Pending payment"


def test_same_failure_is_a_duplicate_and_another_leaves_an_event() -> None:
    payment = new_payment()
    post(payment, failure(payment, code=1032))

    again = post(payment, failure(payment, code=1032))
    other = post(payment, failure(payment, code=1))

    payment.refresh_from_db()
    assert (again.verdict, other.verdict) == (Verdict.DUPLICATE, Verdict.NO_CHANGE)
    assert payment.result_code == "1032"
    assert MpesaEvent.objects.filter(type="update_ignored", params__reason="already_final").count() == 1


@pytest.mark.parametrize("code", [1032, 1, 1037], ids=["cancelled", "no funds", "no answer"])
def test_money_after_a_failure_pays_the_order(code: int) -> None:
    payment = new_payment()
    post(payment, failure(payment, code=code))

    post(payment, success(payment), now=later(60))

    payment.refresh_from_db()
    assert payment.status == "completed"
    assert payment.mpesa_order.order.status == "Being processed"
    assert MpesaReceipt.objects.get().status == ReceiptStatus.MATCHED


def test_failure_after_the_money_is_stored_and_ignored() -> None:
    payment = pay(new_payment())

    callback = post(payment, failure(payment))

    payment.refresh_from_db()
    assert (callback.verdict, payment.status) == (Verdict.NO_CHANGE, "completed")


def test_wrong_amount_completes_the_payment_and_pays_nothing() -> None:
    payment = new_payment()
    callback = post(payment, success(payment, amount=1400, number="OD000WRONG"))

    by_query = apply_update(payment, query_update("0"), now=later(30))
    by_failure = post(payment, failure(payment))
    second_code = post(payment, success(payment))

    payment.refresh_from_db()
    verdicts = (callback.verdict, by_query, by_failure.verdict, second_code.verdict)
    assert verdicts == (Verdict.MISMATCH, Verdict.NO_CHANGE, Verdict.NO_CHANGE, Verdict.UNMATCHED)
    assert (payment.status, payment.live_order) == ("completed", None)
    assert list(MpesaReceipt.objects.values_list("number", "amount", "status")) == [
        ("OD000WRONG", Decimal(1400), "wrong_amount")
    ]
    assert payment.mpesa_order.order.status == "Pending payment"


def test_other_request_s_id_is_unmatched_and_starts_a_query() -> None:
    payment = new_payment()

    callback = post(payment, success(payment, checkout_id="ws_CO_somebody_else"), now=later(3))

    payment.refresh_from_db()
    assert callback.verdict == Verdict.UNMATCHED
    assert (payment.status, payment.next_query_at) == ("processing", later(3))
    assert not MpesaReceipt.objects.exists()


@pytest.mark.parametrize("missing", ["Amount", "MpesaReceiptNumber"])
def test_success_without_amount_or_number_is_no_success(missing: str) -> None:
    payment = new_payment()
    body = success(payment).replace(missing.encode(), b"Other")

    callback = post(payment, body, now=later(4), confirmed=False)

    payment.refresh_from_db()
    assert (callback.verdict, callback.reason, payment.status) == (Verdict.UNCONFIRMED, "incomplete", "processing")
    assert payment.next_query_at == later(4)


def test_callback_without_result_code_settles_nothing() -> None:
    payment = new_payment()

    callback = post(payment, failure(payment, code=None))

    payment.refresh_from_db()
    assert (callback.verdict, payment.status) == (Verdict.NO_CHANGE, "processing")


def test_id_of_another_payment_is_not_taken_over() -> None:
    first, second = new_payment(), new_payment(phone=ANOTHER)
    MpesaPayment.objects.filter(pk=second.pk).update(checkout_request_id=None)

    callback = post(second, success(first), confirmed=False)

    second.refresh_from_db()
    assert (callback.verdict, second.status, second.checkout_request_id) == (Verdict.UNCONFIRMED, "processing", None)


@pytest.mark.parametrize("code", ["4999", "77777", None], ids=["pending", "unknown", "missing"])
def test_query_without_a_final_result_means_wait(code: str | None) -> None:
    payment = new_payment()

    verdict = apply_update(payment, query_update(code), now=later(21))

    payment.refresh_from_db()
    assert (verdict, payment.status) == (Verdict.NO_CHANGE, "processing")


def test_query_never_overturns_a_success() -> None:
    payment = pay(new_payment())

    verdict = apply_update(payment, query_update("1032"), now=later(30))

    payment.refresh_from_db()
    assert (verdict, payment.status) == (Verdict.NO_CHANGE, "completed")


def test_not_sent_does_not_settle_a_payment_that_was_sent_meanwhile() -> None:
    payment = new_payment()

    verdict = apply_update(payment, push_abandoned(), now=later(61))

    payment.refresh_from_db()
    assert (verdict, payment.status) == (Verdict.NO_CHANGE, "processing")


def test_deadlock_while_settling_leaves_the_callback_to_retry() -> None:
    payment = new_payment()

    def deadlocks(**_: Any) -> None:
        raise OperationalError("deadlock detected")

    order_status_changed.connect(deadlocks)
    try:
        callback = post(payment, success(payment), now=NOON)
    finally:
        order_status_changed.disconnect(deadlocks)

    payment.refresh_from_db()
    kept = MpesaCallback.objects.get(pk=callback.pk)
    assert (kept.verdict, kept.tries, kept.next_try_at) == (Verdict.FAILED, 1, later(60))
    assert payment.status == "processing"
    assert not MpesaReceipt.objects.exists()
