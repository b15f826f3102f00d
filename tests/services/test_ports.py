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
from oscar_mpesa.models import (
    MessageKind,
    MpesaAllocation,
    MpesaOrder,
    MpesaOutboxMessage,
    MpesaReceipt,
    MpesaRefund,
    Verdict,
)
from oscar_mpesa.oscar_adapter.adapter import OscarAdapter
from oscar_mpesa.services import outbox
from oscar_mpesa.services.allocation import allocate
from oscar_mpesa.services.booking_retries import retry_booking
from oscar_mpesa.services.callbacks import retry_callback
from oscar_mpesa.services.order_closure import close_order
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.ports import AdapterMissing, register_adapter, replaced_adapter, shop
from oscar_mpesa.services.refunds import record_refund
from oscar_mpesa.services.update_sources import update_from_callback
from oscar_mpesa.testing import deliver_due
from tests.services.concurrent_changes import broken_shop
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
    assert (MpesaReceipt.objects.get().status, Order.objects.get().status) == ("matched", "Being processed")


def test_retry_of_refused_books_without_adapter_raises() -> None:
    payment = new_payment()
    with broken_shop():
        post(payment, success(payment))
    allocation = MpesaAllocation.objects.get()

    with replaced_adapter(None), pytest.raises(AdapterMissing):
        retry_booking(allocation, now=later(60))
    refused = MpesaAllocation.objects.get()
    without = (refused.booked_at, refused.tries)
    retry_booking(refused, now=later(600))

    assert without == (None, 1)
    assert MpesaAllocation.objects.get().booked_at == later(600)


def test_matching_money_without_adapter_raises() -> None:
    payment = new_payment()
    post(payment, success(payment, amount=1400))
    receipt, order = MpesaReceipt.objects.get(), payment.mpesa_order.order
    staff = new_staff_user("match_receipt")

    with replaced_adapter(None), pytest.raises(AdapterMissing):
        allocate(receipt, order, by=staff, now=later(60))
    without = (MpesaReceipt.objects.get().status, MpesaAllocation.objects.count())
    allocate(receipt, order, by=staff, now=later(90))

    assert without == ("wrong_amount", 0)
    assert (MpesaReceipt.objects.get().status, MpesaAllocation.objects.get().booked_at) == ("matched", later(90))


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
    about = {"amount": receipt.amount, "code": "SKN7AAA111", "by": new_staff_user("record_refund")}

    with replaced_adapter(None), pytest.raises(AdapterMissing):
        record_refund(receipt, now=later(60), **about)
    without = MpesaRefund.objects.count()
    record_refund(receipt, now=later(90), **about)

    assert without == 0
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
    deliver_due(now=now + TEN_MINUTES)

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
    deliver_due(now=now + TEN_MINUTES)

    assert "OSCAR_MPESA['WAKE'] raised; mpesa_reconcile delivers what is due" in caplog.text
    assert (without, len(mail.outbox)) == (0, 1)
