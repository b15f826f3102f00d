"""Alerts about callbacks, messages and closed orders that need a person."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from oscar_mpesa.alerts.rules import Level, active_alerts
from oscar_mpesa.models import (
    MpesaCallback,
    MpesaClaim,
    MpesaJobRun,
    MpesaOrder,
    MpesaOutboxMessage,
    MpesaPayment,
)
from oscar_mpesa.services.claims import record_claim
from oscar_mpesa.services.order_closure import close_expired_order
from tests.alerts.connectivity_rows import minutes
from tests.alerts.expected_alerts import alert_of, sentence_of
from tests.shop import (
    NOON,
    new_payment,
    new_staff_user,
    pay,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("reconcile_runs")]


def record(order: Any, *, amount: int = 1500, number: str = "OD777GGG77", now: datetime = NOON) -> MpesaClaim:
    by = new_staff_user("record_claim")
    return record_claim(number, Decimal(amount), order=order, by=by, note="found in the portal", now=now)


def test_undelivered_messages_raise_alert_until_sent() -> None:
    pay(new_payment())
    outbox_messages = MpesaOutboxMessage.objects.all()
    outbox_messages.update(delivered_at=None, tries=12, reserved_at=minutes(-10))

    both = sentence_of("undelivered_messages")
    outbox_messages.filter(kind="paid_email").update(delivered_at=NOON)
    one = sentence_of("undelivered_messages")
    outbox_messages.update(reserved_at=minutes(-1))
    still_reserved = sentence_of("undelivered_messages")
    outbox_messages.update(delivered_at=NOON)

    assert both.startswith("2 notifications could not be sent in two days.")
    assert one.startswith("A notification could not be sent in two days.")
    assert still_reserved == ""
    assert sentence_of("undelivered_messages") == ""


def test_unprocessed_callback_raises_alert_until_payment_is_paid() -> None:
    payment = new_payment()
    MpesaCallback.objects.create(
        body=b"{}", received_at=NOON, environment="simulated", payment=payment, verdict="failed", tries=10
    )

    before, linked_pages = sentence_of("unprocessed_callbacks"), [alert.url_name for alert in active_alerts(NOON)]
    pay(payment)

    assert linked_pages == ["dashboard:mpesa-callbacks"]
    assert before.startswith("A callback from Safaricom could not be processed in ten tries.")
    assert sentence_of("unprocessed_callbacks") == ""


def test_order_closed_unconfirmed_raises_alert_until_money_is_recorded(settings: Any) -> None:
    payment = new_payment()
    MpesaPayment.objects.update(status="expired", live_order=None, checkout_request_id=None)
    close_expired_order(MpesaOrder.objects.get(), now=minutes(31))

    before, after_two_weeks = (
        sentence_of("closed_unconfirmed", at=minutes(40)),
        sentence_of("closed_unconfirmed", at=NOON + timedelta(days=15)),
    )
    record(payment.mpesa_order.order, now=minutes(50))

    assert before.startswith("An order was closed before Safaricom sent a result.")
    assert after_two_weeks == ""
    assert sentence_of("closed_unconfirmed", at=minutes(60)) == ""


def test_unconfirmed_callback_raises_alert_after_a_day_until_payment_is_paid() -> None:
    payment = new_payment()
    callback = MpesaCallback.objects.create(
        body=b"{}", received_at=NOON, environment="simulated", payment=payment, verdict="unconfirmed"
    )

    early, late = (alert_of("unconfirmed_callbacks", at=minutes(24 * 60 + more)) for more in (-1, 1))
    after_a_month = alert_of("unconfirmed_callbacks", at=minutes(31 * 24 * 60))
    pay(payment)

    assert (early, after_a_month) == (None, None)
    assert late is not None
    assert late.sentence == (
        "A callback reports a payment that Safaricom has not confirmed for a day. Look for it in the M-PESA portal "
        "before you ship."
    )
    assert (late.level, late.url_name, late.url_args) == (Level.SOON, "dashboard:mpesa-callback", (callback.pk,))
    assert alert_of("unconfirmed_callbacks", at=minutes(24 * 60 + 1)) is None


def test_confirmed_callback_is_no_alert() -> None:
    payment = new_payment()
    columns = {"body": b"{}", "received_at": NOON, "environment": "simulated", "payment": payment}
    MpesaCallback.objects.create(**columns, verdict="unconfirmed")
    MpesaCallback.objects.create(**columns, verdict="unconfirmed")

    both = sentence_of("unconfirmed_callbacks", at=minutes(24 * 60))
    MpesaCallback.objects.update(verdict="no_change")

    assert both.startswith("2 callbacks report payments that Safaricom has not confirmed for a day.")
    assert sentence_of("unconfirmed_callbacks", at=minutes(24 * 60)) == ""


def test_failed_ledger_check_raises_urgent_alert_until_the_next_clean_run() -> None:
    checks = MpesaJobRun.objects.filter(job="ledger_check")
    MpesaJobRun.objects.create(job="ledger_check", last_run_at=minutes(-60), problems=3)

    failed, one = alert_of("ledger_check"), checks.update(problems=1) and sentence_of("ledger_check")
    checks.update(last_run_at=NOON, problems=0)

    assert failed is not None
    assert (failed.level, failed.count, failed.url_name) == (Level.URGENT, 3, "dashboard:mpesa-setup")
    assert failed.sentence == (
        "A ledger check found 3 differences. Forward this to your developer: mpesa_check_ledger lists them."
    )
    assert one == ("A ledger check found a difference. Forward this to your developer: mpesa_check_ledger lists it.")
    assert alert_of("ledger_check") is None
