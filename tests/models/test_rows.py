"""Test the names, filters and properties of the models."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps

from oscar_mpesa.daraja.exceptions import ErrorKind
from oscar_mpesa.daraja.json import Fault
from oscar_mpesa.models import (
    CallbackReason,
    MpesaAlert,
    MpesaApiCall,
    MpesaBlockedPhone,
    MpesaCallback,
    MpesaEvent,
    MpesaOutboxMessage,
    MpesaPayment,
)
from oscar_mpesa.models.api_calls import ERROR_KIND_CHOICES
from oscar_mpesa.services.claims import record_claim
from oscar_mpesa.services.pay_links import get_or_create_link
from oscar_mpesa.services.reconciliation import record_job_run
from oscar_mpesa.services.refunds import record_refund
from oscar_mpesa.services.search_index import index_order
from tests.shop import CANCELS, NOON, later, new_order, new_payment, new_staff_user, pay

pytestmark = pytest.mark.django_db


def test_row_names_show_no_phone_or_secret() -> None:
    payment = pay(new_payment())
    MpesaBlockedPhone.objects.create(phone=payment.phone, created_at=NOON)
    MpesaApiCall.objects.create(endpoint="push", shortcode="174379", milliseconds=5, created_at=NOON, payment=payment)
    record_job_run("reconcile", now=NOON)
    MpesaAlert.objects.create(key="mail surplus")
    link = get_or_create_link(payment.mpesa_order, now=NOON)
    staff = new_staff_user("record_claim", "record_refund")
    record_claim("OD222BBB22", Decimal(100), order=new_order(), by=staff, note="seen", now=NOON)
    record_refund(payment.receipts.get(), amount=Decimal(10), code="OD333CCC33", by=staff, now=NOON)
    index_order(payment.mpesa_order, now=NOON)
    rows = [row for model in apps.get_app_config("oscar_mpesa").get_models() for row in model._default_manager.all()]

    names = " ".join(f"{row} {row!r}" for row in rows)

    assert {type(row).__name__ for row in rows} == {
        model.__name__ for model in apps.get_app_config("oscar_mpesa").get_models()
    }
    assert payment.phone not in names and payment.phone[::-1] not in names
    assert payment.secret not in names
    assert link.token not in names


def test_each_error_kind_and_fault_has_a_label() -> None:
    assert {kind.value for kind in ErrorKind} == set(dict(ERROR_KIND_CHOICES))
    assert {fault.value for fault in Fault} < set(CallbackReason.values)


def test_row_names_show_model_and_key() -> None:
    payment = pay(new_payment())

    assert str(payment) == f"M-PESA payment {payment.pk}"
    assert str(payment.mpesa_order) == f"M-PESA order {payment.order_id}"
    assert str(payment.receipts.get()) == "M-PESA receipt OD123ABC45"
    assert str(MpesaEvent.objects.get(type="payment_settled")) == "payment_settled processing → completed"
    assert str(MpesaEvent.objects.get(type="order_paid")) == "order_paid"
    assert (
        str(payment.receipts.get().allocations.get())
        == f"M-PESA allocation {payment.receipts.get().allocations.get().pk}: 1500.00"
    )
    assert str(MpesaCallback.objects.get()) == f"M-PESA callback {MpesaCallback.objects.get().pk}"
    assert str(MpesaApiCall(endpoint="push")) == "push no answer"
    assert str(MpesaOutboxMessage(kind="paid_email", key="paid_email order 1")) == "paid_email paid_email order 1"


def test_payment_filters_return_live_and_due_payments() -> None:
    live, cancelled = new_payment(), new_payment(phone=CANCELS)
    unsent = new_payment(sent=False)
    MpesaPayment.objects.filter(pk=cancelled.pk).update(status="cancelled", live_order=None, next_query_at=None)

    payments: Any = MpesaPayment.objects

    assert set(payments.live()) == {live, unsent}
    assert list(payments.due(later(19))) == []
    assert list(payments.due(later(20))) == [live]
    assert set(payments.due(later(60))) == {live, unsent}


def test_payment_without_next_query_is_due_when_prompt_ends() -> None:
    payment = new_payment()
    MpesaPayment.objects.update(next_query_at=None)

    payments: Any = MpesaPayment.objects

    assert list(payments.due(later(149))) == []
    assert list(payments.due(later(150))) == [payment]


def test_paid_payment_is_final() -> None:
    payment = new_payment()
    before = payment.is_final

    pay(payment)

    assert (before, payment.is_final, payment.is_live) == (False, True, False)


@pytest.mark.parametrize(
    ("reason", "is_restored", "can_be_reopened"),
    [("expired", False, True), ("unconfirmed", False, True), ("expired", True, False), ("staff", False, False)],
)
def test_only_expired_order_outside_basket_can_be_reopened(
    reason: str, is_restored: bool, can_be_reopened: bool
) -> None:
    row = new_payment().mpesa_order
    before = row.can_be_reopened

    row.closed_at, row.close_reason = NOON, reason
    row.basket_restored_at = NOON if is_restored else None

    assert (before, row.can_be_reopened) == (False, can_be_reopened)
