"""What rows say of themselves: enough for a log, nothing that is secret."""

from __future__ import annotations

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
from oscar_mpesa.services.reconciliation import record_job_run
from tests.shop import CANCELS, NOON, later, new_payment, pay

pytestmark = pytest.mark.django_db


def test_no_row_shows_a_phone_or_a_secret_in_its_name() -> None:
    payment = pay(new_payment())
    MpesaBlockedPhone.objects.create(phone=payment.phone, created_at=NOON)
    MpesaApiCall.objects.create(endpoint="push", shortcode="174379", milliseconds=5, created_at=NOON, payment=payment)
    record_job_run("reconcile", now=NOON)
    MpesaAlert.objects.create(key="mail surplus")
    rows = [row for model in apps.get_app_config("oscar_mpesa").get_models() for row in model._default_manager.all()]

    names = " ".join(f"{row} {row!r}" for row in rows)

    assert {type(row).__name__ for row in rows} == {
        model.__name__ for model in apps.get_app_config("oscar_mpesa").get_models()
    }
    assert payment.phone not in names
    assert payment.secret not in names


def test_every_kind_of_error_and_fault_has_a_label() -> None:
    assert {kind.value for kind in ErrorKind} == set(dict(ERROR_KIND_CHOICES))
    assert {fault.value for fault in Fault} == set(CallbackReason.values) - {"crashed"}


def test_rows_are_named_for_the_reader_of_a_log() -> None:
    payment = pay(new_payment())

    assert str(payment) == f"M-Pesa payment {payment.pk}"
    assert str(payment.mpesa_order) == f"M-Pesa order {payment.order_id}"
    assert str(payment.receipts.get()) == "M-Pesa receipt OD123ABC45"
    assert str(MpesaEvent.objects.get()) == "payment_settled processing → completed"
    assert str(MpesaCallback.objects.get()) == f"M-Pesa callback {MpesaCallback.objects.get().pk}"
    assert str(MpesaApiCall(endpoint="push")) == "push no answer"
    assert str(MpesaOutboxMessage(kind="paid_email", key="paid_email order 1")) == "paid_email paid_email order 1"


def test_payments_are_asked_for_in_words() -> None:
    waiting, cancelled, on_hold = new_payment(), new_payment(phone=CANCELS), new_payment()
    unsent = new_payment(sent=False)
    MpesaPayment.objects.filter(pk=cancelled.pk).update(status="cancelled", live_order=None)
    MpesaPayment.objects.filter(pk=on_hold.pk).update(on_hold=True)

    payments: Any = MpesaPayment.objects

    assert set(payments.live()) == {waiting, on_hold, unsent}
    assert list(payments.due(later(19))) == []
    assert list(payments.due(later(20))) == [waiting]
    assert set(payments.due(later(60))) == {waiting, unsent}


def test_a_payment_without_a_question_is_due_when_its_clock_runs_out() -> None:
    payment = new_payment()
    MpesaPayment.objects.update(next_query_at=None)

    payments: Any = MpesaPayment.objects

    assert list(payments.due(later(149))) == []
    assert list(payments.due(later(150))) == [payment]


def test_a_payment_knows_its_end() -> None:
    payment = new_payment()
    before = payment.is_final

    pay(payment)

    assert (before, payment.is_final, payment.is_live) == (False, True, False)


@pytest.mark.parametrize(
    ("reason", "is_restored", "may_be"),
    [("expired", False, True), ("unconfirmed", False, True), ("expired", True, False), ("staff", False, False)],
)
def test_only_what_the_clock_released_and_no_basket_took_back_may_be_reinstated(
    reason: str, is_restored: bool, may_be: bool
) -> None:
    row = new_payment().mpesa_order
    before = row.can_be_reopened

    row.closed_at, row.close_reason = NOON, reason
    row.basket_restored_at = NOON if is_restored else None

    assert (before, row.can_be_reopened) == (False, may_be)
