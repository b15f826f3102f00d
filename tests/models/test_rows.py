"""What rows say of themselves: enough for a log, nothing that is secret."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps

from oscar_mpesa.models import MpesaBlockedPhone, MpesaCall, MpesaCallback, MpesaDue, MpesaEvent, MpesaPayment
from tests.shop import CANCELS, NOON, later, new_payment, pay

pytestmark = pytest.mark.django_db


def test_no_row_shows_a_phone_or_a_secret_in_its_name() -> None:
    payment = pay(new_payment())
    MpesaBlockedPhone.objects.create(phone=payment.phone, created_at=NOON)
    MpesaCall.objects.create(endpoint="push", shortcode="174379", milliseconds=5, created_at=NOON, payment=payment)
    rows = [row for model in apps.get_app_config("oscar_mpesa").get_models() for row in model._default_manager.all()]

    names = " ".join(f"{row} {row!r}" for row in rows)

    assert {type(row).__name__ for row in rows} == {
        model.__name__ for model in apps.get_app_config("oscar_mpesa").get_models()
    }
    assert payment.phone not in names
    assert payment.secret not in names


def test_rows_are_named_for_the_reader_of_a_log() -> None:
    payment = pay(new_payment())

    assert str(payment) == f"M-Pesa payment {payment.pk}"
    assert str(payment.mpesa_order) == f"M-Pesa order {payment.order_id}"
    assert str(payment.receipts.get()) == "M-Pesa receipt OD123ABC45"
    assert str(MpesaEvent.objects.get()) == "settled processing → completed"
    assert str(MpesaCallback.objects.get()) == f"M-Pesa callback {MpesaCallback.objects.get().pk}"
    assert str(MpesaCall(endpoint="push")) == "push no answer"
    assert str(MpesaDue(kind="paid_mail", about="paid_mail order 1")) == "paid_mail paid_mail order 1"


def test_payments_are_asked_for_in_words() -> None:
    waiting, cancelled, held = new_payment(), new_payment(phone=CANCELS), new_payment()
    MpesaPayment.objects.filter(pk=cancelled.pk).update(status="cancelled", live_order=None)
    MpesaPayment.objects.filter(pk=held.pk).update(held=True)

    payments: Any = MpesaPayment.objects

    assert set(payments.live()) == {waiting, held}
    assert list(payments.awaiting()) == [waiting]
    assert list(payments.with_question_due(later(19))) == []
    assert list(payments.with_question_due(later(20))) == [waiting]


def test_a_payment_knows_its_end() -> None:
    payment = new_payment()
    before = payment.is_final

    pay(payment)

    assert (before, payment.is_final, payment.is_live) == (False, True, False)


def test_an_order_is_overdue_when_its_time_is_over_and_never_after_its_release() -> None:
    row = new_payment().mpesa_order
    row.refresh_from_db()

    due = [row.is_overdue(row.pay_before + timedelta(seconds=seconds)) for seconds in (-1, 0)]
    row.released_at = row.pay_before

    assert due == [False, True]
    assert not row.is_overdue(row.pay_before)
