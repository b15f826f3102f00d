"""Store the money that payments bring, once each (M5 to M8)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError

from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.models import MpesaAllocation, MpesaCallback, MpesaEvent, MpesaReceipt, UpdateSource, Verdict
from oscar_mpesa.services.allocation import allocate, reverse_allocation
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.reconciliation import reconcile
from oscar_mpesa.services.update_sources import PaymentUpdate
from tests.services.concurrent_changes import broken_books
from tests.services.money import (
    FIRST,
    PERMISSIONS,
    SECOND,
    balance,
    books,
    canceled_twice,
    change_total,
    entries,
    money,
    order_of,
    receipt,
    signals,
    twice_paid,
)
from tests.shop import (
    ANOTHER,
    CANCELS,
    failure,
    later,
    new_order,
    new_payment,
    new_staff_user,
    pay,
    post,
    query_update,
    success,
)

pytestmark = pytest.mark.django_db


def test_callback_stores_one_receipt_and_pays_its_order() -> None:
    payment = new_payment()

    callback = post(payment, success(payment, number=FIRST), now=later(9))

    own = receipt()
    assert callback.verdict == Verdict.APPLIED
    assert (own.amount, own.channel, own.payment, own.meant_for_id) == (1500, "stk", payment, payment.order_id)
    assert (str(own.posted_on), own.created_at, own.environment) == ("2026-11-23", later(9), "simulated")
    assert (balance(payment.mpesa_order), books(order_of(payment))) == ((True, 0), 1500)


def test_repeated_callback_adds_no_receipt() -> None:
    payment = pay(new_payment(), number=FIRST)

    again = post(payment, success(payment, number=FIRST), now=later(60))

    assert (again.verdict, MpesaReceipt.objects.count(), books(order_of(payment))) == (Verdict.DUPLICATE, 1, 1500)


def test_known_code_of_a_payment_is_a_duplicate() -> None:
    payment = pay(new_payment(), number=FIRST)
    known: Any = {
        "amount": Decimal(1500),
        "receipt_number": FIRST,
        "checkout_request_id": payment.checkout_request_id or "",
    }
    update = PaymentUpdate(source=UpdateSource.CALLBACK, status=PaymentStatus.COMPLETED, **known)

    verdict = apply_update(payment, update, now=later(60))

    assert (verdict, MpesaReceipt.objects.count(), money()) == (Verdict.DUPLICATE, 1, ("matched", 0, ""))


def test_wrong_amount_completes_the_payment_and_pays_nothing() -> None:
    payment = new_payment()

    callback = post(payment, success(payment, amount=1400, number=FIRST))

    payment.refresh_from_db()
    assert (callback.verdict, payment.status) == (Verdict.MISMATCH, "completed")
    assert (money(), receipt().amount) == (("wrong_amount", 1400, "wrong_amount"), 1400)
    order = order_of(payment)
    assert (order.status, balance(order), books(order)) == ("Pending payment", (False, 1500), 0)


def test_repeated_wrong_amount_adds_no_receipt_and_pays_nothing() -> None:
    payment = new_payment()
    post(payment, success(payment, amount=1400))

    again = post(payment, success(payment, amount=1400))

    assert (again.verdict, MpesaReceipt.objects.count()) == (Verdict.DUPLICATE, 1)
    assert balance(payment.mpesa_order) == (False, 1500)


def test_second_code_of_a_payment_is_a_conflict_and_no_receipt() -> None:
    payment = pay(new_payment(), number=FIRST)

    post(payment, success(payment, number=SECOND), now=later(60))

    assert (MpesaReceipt.objects.count(), books(order_of(payment))) == (1, 1500)
    event = MpesaEvent.objects.get(type="receipt_code_conflict")
    assert (event.payment, event.receipt, event.params) == (payment, receipt(FIRST), {"number": SECOND})


def test_code_of_another_payment_is_a_conflict_and_pays_nothing() -> None:
    pay(new_payment(), number=FIRST)
    second = new_payment(phone=ANOTHER)

    callback = post(second, success(second, number=FIRST))

    second.refresh_from_db()
    assert (callback.verdict, second.status) == (Verdict.UNMATCHED, "processing")
    assert (MpesaReceipt.objects.count(), balance(receipt().meant_for)) == (1, (True, 0))
    assert MpesaEvent.objects.get(type="receipt_code_conflict").payment == second


def test_second_of_two_successful_payments_is_overpaid() -> None:
    order = twice_paid()

    assert (money(FIRST), money(SECOND)) == (("matched", 0, ""), ("overpaid", 1500, "order_paid"))
    assert (order.payment_events.count(), books(order)) == (1, 1500)
    assert {each.payment.status for each in MpesaReceipt.objects.all() if each.payment} == {"completed"}


def test_money_is_stored_although_the_shop_s_code_raises() -> None:
    payment = new_payment()

    with broken_books():
        callback = post(payment, success(payment, number=FIRST))

    payment.refresh_from_db()
    assert (callback.verdict, payment.status) == (Verdict.APPLIED, "completed")
    assert (money(), entries(order_of(payment))) == (("matched", 0, ""), [(FIRST, 1500)])


def test_masked_payer_never_decides() -> None:
    payment = new_payment(phone=CANCELS)

    post(payment, success(payment, PhoneNumber="2547*****149"))

    payment.refresh_from_db()
    assert payment.status == PaymentStatus.COMPLETED


# Money without a code


def test_paid_query_stores_a_receipt_without_code() -> None:
    payment = new_payment()

    verdict = apply_update(payment, query_update("0"), now=later(21))

    payment.refresh_from_db()
    own = receipt(None)
    assert (verdict, payment.status) == (Verdict.APPLIED, "completed")
    assert (own.amount, own.paid_at, own.status) == (1500, later(21), "matched")
    assert order_of(payment).sources.get().reference == ""


def test_repeated_paid_query_is_one_receipt() -> None:
    payment = new_payment()
    apply_update(payment, query_update("0"), now=later(21))

    verdict = apply_update(payment, query_update("0"), now=later(40))

    assert (verdict, MpesaReceipt.objects.count()) == (Verdict.NO_CHANGE, 1)


def test_callback_after_a_paid_query_adds_only_the_code() -> None:
    payment = new_payment()
    apply_update(payment, query_update("0"), now=later(21))

    callback = post(payment, success(payment, number=FIRST), now=later(25))

    order = order_of(payment)
    source = order.sources.get()
    assert (callback.verdict, receipt().paid_at) == (Verdict.APPLIED, later(5))
    assert (source.reference, source.amount_debited) == (FIRST, 1500)
    assert source.transactions.get().reference == order.payment_events.get().reference == FIRST
    assert MpesaEvent.objects.get(type="receipt_code_added").params == {"source": "callback", "number": FIRST}


def test_amount_that_a_query_proved_stays_when_a_callback_names_another() -> None:
    payment = new_payment()
    apply_update(payment, query_update("0"), now=later(21))

    callback = post(payment, success(payment, amount=1400, number=FIRST), now=later(25))

    assert (callback.verdict, receipt().amount, money()) == (Verdict.NO_CHANGE, 1500, ("matched", 0, ""))
    assert MpesaEvent.objects.get(type="receipt_amount_conflict").params == {"amount": "1400.00"}
    assert (balance(payment.mpesa_order), books(order_of(payment))) == ((True, 0), 1500)


def test_other_amount_than_an_earlier_callback_changes_nothing() -> None:
    payment = pay(new_payment(), number=FIRST)

    callback = post(payment, success(payment, number=FIRST, amount=1400), now=later(500))

    assert (callback.verdict, receipt().amount) == (Verdict.NO_CHANGE, 1500)
    assert MpesaEvent.objects.filter(type="receipt_amount_conflict").count() == 1


def test_naming_one_of_two_receipts_renames_only_its_own_books() -> None:
    first, second = canceled_twice()
    change_total(order_of(first), "3000.00", at=120)
    apply_update(first, query_update("0"), now=later(300))
    apply_update(second, query_update("0"), now=later(310))

    post(second, success(second, number=SECOND), now=later(320))

    order = order_of(first)
    assert [each.reference for each in order.payment_events.order_by("pk")] == ["", SECOND]
    assert [each.reference for each in order.sources.order_by("pk")] == ["", SECOND]


def test_late_code_of_money_matched_to_another_order_is_written_there(
    django_capture_on_commit_callbacks: Any,
) -> None:
    first, second = canceled_twice()
    pay(second, number=SECOND, now=later(300))
    apply_update(first, query_update("0"), now=later(310))
    other, staff = new_order(status="Pending"), new_staff_user(*PERMISSIONS)
    allocate(receipt(None), other, by=staff, now=later(400))

    with django_capture_on_commit_callbacks(execute=True):
        post(first, success(first, number=FIRST), now=later(500))

    assert (other.sources.get().reference, order_of(first).sources.get().reference) == (FIRST, SECOND)


def test_late_code_of_moved_money_survives_a_kill() -> None:
    payment = new_payment()
    apply_update(payment, query_update("0"), now=later(20))
    other, staff = new_order(status="Pending"), new_staff_user(*PERMISSIONS)
    reverse_allocation(MpesaAllocation.objects.get(), by=staff, note="another order's", now=later(30))
    allocate(receipt(None), other, by=staff, now=later(40))
    payment.refresh_from_db()
    post(payment, success(payment, number=FIRST), now=later(50))  # its hooks don't run in this test
    in_between = other.sources.get().reference

    list(reconcile(lambda: later(60)))

    assert (in_between, other.sources.get().reference) == ("", FIRST)
    assert (MpesaAllocation.objects.active().get().next_try_at, books(other)) == (None, 1500)
    assert signals(other) == ["order_paid 1"]


def test_deadlock_while_adding_a_code_leaves_the_callback_to_retry() -> None:
    payment = new_payment()
    apply_update(payment, query_update("0"), now=later(30))

    with broken_books(OperationalError("deadlock detected")):
        post(payment, success(payment, number=FIRST), now=later(40))

    assert MpesaCallback.objects.get().verdict == Verdict.FAILED
    assert MpesaReceipt.objects.get().number is None


def test_code_arrives_after_its_order_was_closed() -> None:
    first, _ = canceled_twice()
    first.mpesa_order.closed_at = later(120)
    first.mpesa_order.close_reason = "staff"
    first.mpesa_order.save()
    apply_update(first, query_update("0"), now=later(200))

    post(first, success(first, number=FIRST), now=later(210))

    assert (money(), books(order_of(first))) == (("unmatched", 1500, "order_closed"), 0)


def test_failure_after_money_changes_nothing() -> None:
    payment = pay(new_payment(), number=FIRST)

    post(payment, failure(payment), now=later(60))

    payment.refresh_from_db()
    assert (payment.status, balance(payment.mpesa_order)) == ("completed", (True, 0))
