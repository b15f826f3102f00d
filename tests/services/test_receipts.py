"""Allocate arrived money: applied, mismatch, surplus or unallocated (M5 to M8, M10)."""

from __future__ import annotations

from typing import Any

import pytest
from oscar.apps.order.signals import order_status_changed

from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.models import Allocation, MpesaReceipt, Verdict
from oscar_mpesa.services.payment_updates import apply_update
from tests.services.concurrent_changes import broken_books
from tests.shop import ANOTHER, CANCELS, failure, later, new_order, new_payment, pay, post, query_update, success

pytestmark = pytest.mark.django_db


def test_wrong_amount_is_a_mismatch_and_puts_the_payment_on_hold() -> None:
    payment = new_payment()

    callback = post(payment, success(payment, amount=1400))

    payment.refresh_from_db()
    receipt = MpesaReceipt.objects.get()
    assert callback.verdict == Verdict.MISMATCH
    assert (payment.status, payment.on_hold) == ("processing", True)
    assert (receipt.allocation, receipt.amount) == (Allocation.MISMATCH, 1400)
    assert payment.mpesa_order.order.status == "Pending payment"
    assert not payment.mpesa_order.order.sources.exists()


def test_repeated_wrong_amount_adds_no_receipt_and_pays_nothing() -> None:
    payment = new_payment()
    post(payment, success(payment, amount=1400))

    again = post(payment, success(payment, amount=1400))

    payment.refresh_from_db()
    assert (again.verdict, payment.status, payment.on_hold) == (Verdict.DUPLICATE, "processing", True)
    assert MpesaReceipt.objects.count() == 1


def test_second_receipt_of_a_paid_payment_is_surplus() -> None:
    payment = pay(new_payment())

    post(payment, success(payment, number="OD999ZZZ99"))

    surplus = MpesaReceipt.objects.get(number="OD999ZZZ99")
    assert surplus.allocation == Allocation.SURPLUS
    assert payment.mpesa_order.order.sources.get().amount_debited == 1500


def test_second_of_two_successful_payments_is_surplus() -> None:
    order = new_order()
    first = new_payment(order)
    post(first, failure(first), now=later(10))
    second = pay(new_payment(order, phone=ANOTHER, now=later(20)), number="OD222BBB22", now=later(30))

    post(first, success(first, number="OD111AAA11"), now=later(40))

    first.refresh_from_db()
    assert (first.status, second.status) == ("completed", "completed")
    allocations = dict(MpesaReceipt.objects.values_list("number", "allocation"))
    assert allocations == {"OD222BBB22": "applied", "OD111AAA11": "surplus"}
    assert order.payment_events.count() == 1


def test_surplus_of_another_amount_completes_nothing() -> None:
    order = new_order()
    first = new_payment(order)
    post(first, failure(first), now=later(10))
    pay(new_payment(order, phone=ANOTHER, now=later(20)), number="OD222BBB22", now=later(30))

    post(first, success(first, number="OD111AAA11", amount=3), now=later(40))

    first.refresh_from_db()
    assert (first.status, first.on_hold) == ("cancelled", False)
    assert MpesaReceipt.objects.get(number="OD111AAA11").allocation == Allocation.SURPLUS


def test_known_number_with_the_right_amount_does_not_end_the_hold() -> None:
    payment = new_payment()
    post(payment, success(payment, amount=5))

    again = post(payment, success(payment))
    post(payment, success(payment, number="OD777GGG77"), now=later(30))

    payment.refresh_from_db()
    assert again.verdict == Verdict.MISMATCH
    assert payment.status == "completed"
    assert dict(MpesaReceipt.objects.values_list("number", "allocation")) == {
        "OD123ABC45": "mismatch",
        "OD777GGG77": "applied",
    }


def test_unbooked_mismatch_makes_no_later_money_surplus() -> None:
    payment = new_payment()
    post(payment, success(payment, amount=5, number="OD000WRONG"))

    def raises(**_: Any) -> None:
        raise RuntimeError("broken")

    order_status_changed.connect(raises)
    try:
        post(payment, success(payment), now=later(20))
    finally:
        order_status_changed.disconnect(raises)
    post(payment, success(payment, number="OD777GGG77"), now=later(30))

    order = payment.mpesa_order.order
    order.refresh_from_db()
    assert dict(MpesaReceipt.objects.values_list("number", "allocation")) == {
        "OD000WRONG": "mismatch",
        "OD123ABC45": "unallocated",
        "OD777GGG77": "applied",
    }
    assert (order.status, order.sources.count()) == ("Being processed", 1)


def test_resolved_number_with_another_amount_pays_nothing() -> None:
    payment = new_payment()
    post(payment, success(payment, amount=5))
    MpesaReceipt.objects.update(allocation="explained")

    again = post(payment, success(payment), now=later(30))

    payment.refresh_from_db()
    assert (again.verdict, payment.status) == (Verdict.NO_CHANGE, "processing")
    assert not payment.mpesa_order.order.sources.exists()


def test_number_that_paid_another_order_pays_nothing() -> None:
    pay(new_payment())
    second = new_payment(phone=ANOTHER)

    callback = post(second, success(second))

    second.refresh_from_db()
    assert (callback.verdict, second.status) == (Verdict.UNMATCHED, "processing")
    assert MpesaReceipt.objects.count() == 1


def test_unmatched_money_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    payment = new_payment()

    post(payment, success(payment, amount=1400))

    assert "KSh 1400.00 (OD123ABC45) needs a decision: mismatch" in caplog.text.replace("KSh 1400 ", "KSh 1400.00 ")


def test_money_for_a_closed_order_is_unallocated() -> None:
    payment = new_payment()
    payment.mpesa_order.closed_at = later(1)
    payment.mpesa_order.save()

    post(payment, success(payment), now=later(9))

    payment.refresh_from_db()
    assert payment.status == "completed"
    assert MpesaReceipt.objects.get().allocation == Allocation.UNALLOCATED
    assert payment.mpesa_order.order.status == "Pending payment"


def test_money_for_an_order_cancelled_by_staff_is_unallocated() -> None:
    payment = new_payment()
    order = payment.mpesa_order.order
    order.status = "Cancelled"
    order.save()

    post(payment, success(payment), now=later(9))

    receipt = MpesaReceipt.objects.get()
    order.refresh_from_db()
    assert (receipt.allocation, receipt.error, order.status) == (Allocation.UNALLOCATED, "", "Cancelled")
    assert receipt.outbox_messages.filter(kind="receipt_unmatched").count() == 1
    assert not order.sources.exists()


def test_paid_query_pays_with_a_receipt_without_number() -> None:
    payment = new_payment()

    verdict = apply_update(payment, query_update("0"), now=later(21))

    payment.refresh_from_db()
    receipt = MpesaReceipt.objects.get()
    assert (verdict, payment.status) == (Verdict.APPLIED, "completed")
    assert (receipt.number, receipt.amount, receipt.awaiting_number) == (None, 1500, payment.pk)
    assert payment.mpesa_order.order.sources.get().reference == ""


def test_callback_after_a_paid_query_adds_only_the_number() -> None:
    payment = new_payment()
    apply_update(payment, query_update("0"), now=later(21))

    callback = post(payment, success(payment), now=later(25))

    order = payment.mpesa_order.order
    source = order.sources.get()
    assert callback.verdict == Verdict.APPLIED
    assert MpesaReceipt.objects.get().number == "OD123ABC45"
    assert (source.reference, source.amount_debited) == ("OD123ABC45", 1500)
    assert source.transactions.get().reference == order.payment_events.get().reference == "OD123ABC45"


def test_callback_with_another_amount_after_a_paid_query_is_listed() -> None:
    payment = new_payment()
    apply_update(payment, query_update("0"), now=later(21))

    callback = post(payment, success(payment, amount=1400), now=later(25))

    payment.refresh_from_db()
    receipt = MpesaReceipt.objects.get()
    assert callback.verdict == Verdict.MISMATCH
    assert (receipt.allocation, receipt.amount, receipt.number) == (Allocation.MISMATCH, 1400, "OD123ABC45")
    assert (payment.status, payment.on_hold) == ("completed", False)
    assert payment.mpesa_order.order.sources.get().amount_debited == 1500


def test_other_payment_s_money_is_surplus_while_a_mismatch_is_booked() -> None:
    order = new_order()
    first = new_payment(order)
    post(first, failure(first), now=later(10))
    second = new_payment(order, phone=ANOTHER, now=later(20))
    apply_update(second, query_update("0"), now=later(41))
    post(second, success(second, amount=1400), now=later(45))

    post(first, success(first, number="OD111AAA11"), now=later(50))

    assert MpesaReceipt.objects.get(number="OD111AAA11").allocation == Allocation.SURPLUS
    assert order.sources.count() == 1


def test_number_of_a_closed_order_s_money_is_added_and_stays_unmatched() -> None:
    payment = new_payment()
    payment.mpesa_order.closed_at = later(1)
    payment.mpesa_order.save()
    apply_update(payment, query_update("0"), now=later(21))

    post(payment, success(payment), now=later(25))

    receipt = MpesaReceipt.objects.get()
    assert (receipt.number, receipt.allocation) == ("OD123ABC45", Allocation.UNALLOCATED)
    assert not payment.mpesa_order.order.sources.exists()


def test_repeated_paid_query_is_one_receipt() -> None:
    payment = new_payment()
    apply_update(payment, query_update("0"), now=later(21))

    verdict = apply_update(payment, query_update("0"), now=later(40))

    assert verdict == Verdict.NO_CHANGE
    assert MpesaReceipt.objects.count() == 1


def test_raising_shop_code_loses_no_money() -> None:
    payment = new_payment()

    def raises(**_: Any) -> None:
        raise RuntimeError("the shop's receiver is broken")

    order_status_changed.connect(raises)
    try:
        callback = post(payment, success(payment))
    finally:
        order_status_changed.disconnect(raises)

    payment.refresh_from_db()
    receipt, order = MpesaReceipt.objects.get(), payment.mpesa_order.order
    assert (callback.verdict, payment.status) == (Verdict.APPLIED, "completed")
    assert (receipt.allocation, receipt.tries) == (Allocation.UNALLOCATED, 1)
    assert "the shop's receiver is broken" in receipt.error
    assert (order.status, order.sources.count(), order.payment_events.count()) == ("Pending payment", 0, 0)


def test_number_received_while_shop_code_raises_is_kept() -> None:
    payment = new_payment()
    apply_update(payment, query_update("0"), now=later(21))

    with broken_books():
        post(payment, success(payment), now=later(25))

    receipt = MpesaReceipt.objects.get()
    assert (receipt.number, receipt.allocation) == ("OD123ABC45", Allocation.APPLIED)
    assert "the shop's books are broken" in receipt.error


def test_masked_or_missing_payer_never_decides() -> None:
    payment = new_payment(phone=CANCELS)

    post(payment, success(payment, PhoneNumber="2547*****149"))

    payment.refresh_from_db()
    assert payment.status == PaymentStatus.COMPLETED
