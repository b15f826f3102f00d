"""Without a shop adapter the services raise: no money counts as booked and no stock as released."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_mpesa.daraja.stk_push import parse_callback
from oscar_mpesa.models import MessageKind, MpesaOrder, MpesaOutboxMessage, MpesaReceipt, Verdict
from oscar_mpesa.oscar_adapter.adapter import OscarAdapter
from oscar_mpesa.services import outbox
from oscar_mpesa.services.allocation import retry_booking
from oscar_mpesa.services.callbacks import retry_callback
from oscar_mpesa.services.order_closure import close_order
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.ports import AdapterMissing, register_adapter, replaced_adapter, shop
from oscar_mpesa.services.receipt_decisions import allocate_receipt, record_refund
from oscar_mpesa.services.update_sources import update_from_callback
from tests.services.concurrent_changes import broken_shop
from tests.services.unmatched import fresh, mismatch
from tests.shop import later, new_payment, new_staff_user, pay, post, query_update, success

pytestmark = pytest.mark.django_db(transaction=True)

TEN_MINUTES = timedelta(minutes=10)

Order = get_model("order", "Order")


def test_registered_adapter_replaces_the_one_before() -> None:
    first, second = OscarAdapter(), OscarAdapter()

    with replaced_adapter(first):
        before = shop()
        register_adapter(second)
        after = shop()

    assert before is first
    assert after is second
    assert shop() is not second


def test_success_without_adapter_raises_and_pays_nothing() -> None:
    payment = new_payment()

    with replaced_adapter(None), pytest.raises(AdapterMissing):
        apply_update(payment, query_update("0"), now=later(30))
    payment.refresh_from_db()
    without = (payment.status, Order.objects.get().status)
    apply_update(payment, query_update("0"), now=later(60))

    assert without == ("processing", "Pending payment")
    assert (payment.status, Order.objects.get().status) == ("completed", "Being processed")


def test_callback_without_adapter_is_kept_and_applied_later() -> None:
    payment = new_payment()

    with replaced_adapter(None):
        callback = post(payment, success(payment), now=later(30))
    without = (callback.verdict, MpesaReceipt.objects.count(), Order.objects.get().status)
    detail = callback.detail
    callback.refresh_from_db()
    retry_callback(callback, now=later(90))

    assert without == (Verdict.FAILED, 0, "Pending payment")
    assert detail.startswith("AdapterMissing(")
    assert callback.verdict == Verdict.APPLIED
    assert (MpesaReceipt.objects.get().allocation, Order.objects.get().status) == ("applied", "Being processed")


def test_retry_of_refused_books_without_adapter_raises() -> None:
    payment = new_payment()
    with broken_shop():
        post(payment, success(payment))
    receipt = MpesaReceipt.objects.get()

    with replaced_adapter(None), pytest.raises(AdapterMissing):
        retry_booking(receipt, now=later(60))
    without = fresh(receipt)
    retry_booking(without, now=later(600))

    assert (without.allocation, without.booked_at) == ("unallocated", None)
    assert (fresh(receipt).allocation, fresh(receipt).booked_at) == ("applied", later(600))


def test_applying_a_receipt_without_adapter_raises() -> None:
    receipt, staff = mismatch(), new_staff_user("apply_receipt")
    about = {"by": staff, "accept_difference": True}

    with replaced_adapter(None), pytest.raises(AdapterMissing):
        allocate_receipt(receipt, receipt.order, now=later(60), **about)
    without = fresh(receipt)
    allocate_receipt(receipt, receipt.order, now=later(90), **about)

    assert (without.allocation, without.booked_at) == ("mismatch", None)
    assert (fresh(receipt).allocation, fresh(receipt).booked_at) == ("applied", later(90))


def test_naming_a_booked_receipt_without_adapter_raises() -> None:
    payment = new_payment()
    apply_update(payment, query_update("0"), now=later(30))
    update = update_from_callback(parse_callback(success(payment)))

    with replaced_adapter(None), pytest.raises(AdapterMissing):
        apply_update(payment, update, now=later(60))
    without = MpesaReceipt.objects.get().number
    apply_update(payment, update, now=later(90))

    assert without is None
    assert MpesaReceipt.objects.get().number == "OD123ABC45"


def test_recording_a_refund_without_adapter_raises() -> None:
    receipt = MpesaReceipt.objects.get(payment=pay(new_payment()))
    about = {"amount": receipt.amount, "reference": "SKN7AAA111", "by": new_staff_user("record_return")}

    with replaced_adapter(None), pytest.raises(AdapterMissing):
        record_refund(receipt, now=later(60), **about)
    without = fresh(receipt).returned_amount
    record_refund(receipt, now=later(90), **about)

    assert without is None
    assert Order.objects.get().sources.get().amount_refunded == 1500


def test_closing_an_order_without_adapter_raises() -> None:
    order, staff = new_payment().mpesa_order.order, new_staff_user("close_order")

    with replaced_adapter(None), pytest.raises(AdapterMissing):
        close_order(order, by=staff, now=later(60))
    without = MpesaOrder.objects.select_related("order").get()
    close_order(order, by=staff, now=later(90))

    assert (without.is_closed, without.order.status) == (False, "Pending payment")
    closed = MpesaOrder.objects.get()
    assert (closed.is_closed, closed.order.status) == (True, "Payment expired")


def test_email_without_adapter_stays_in_the_outbox() -> None:
    now = timezone.now()
    mpesa_order = new_payment(now=now).mpesa_order

    with replaced_adapter(None):
        outbox.enqueue(mpesa_order, MessageKind.PAY_LATER_EMAIL, now=now)
    item = MpesaOutboxMessage.objects.get()
    without = (item.delivered_at, len(mail.outbox))
    outbox.deliver_for_order(mpesa_order.pk, now=now + TEN_MINUTES)

    item.refresh_from_db()
    assert without == (None, 0)
    assert (item.delivered_at, len(mail.outbox)) == (now + TEN_MINUTES, 1)


def test_delivery_that_fails_after_commit_is_logged_and_retried(caplog: pytest.LogCaptureFixture) -> None:
    now = timezone.now()
    mpesa_order = new_payment(now=now).mpesa_order

    def refuse(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("SELECT") and "oscar_mpesa_mpesaoutboxmessage" in sql:
            raise OperationalError("the database is away")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse), transaction.atomic():
        outbox.enqueue(mpesa_order, MessageKind.PAY_LATER_EMAIL, now=now)
    without = len(mail.outbox)
    outbox.deliver_for_order(mpesa_order.pk, now=now + TEN_MINUTES)

    assert "Error calling enqueue.<locals>.<lambda> in on_commit()" in caplog.text
    assert (without, len(mail.outbox)) == (0, 1)
