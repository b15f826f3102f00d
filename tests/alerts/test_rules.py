"""Alerts about the shop as a whole: they appear while their condition holds, and clear by themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import translation

from oscar_mpesa.alerts.rules import Level, active_alerts
from oscar_mpesa.models import MpesaJobRun
from oscar_mpesa.services import reconciliation
from tests.alerts.connectivity_rows import UNREACHABLE, minutes, new_ended_payments, record_call, with_credentials
from tests.alerts.expected_alerts import alert_of, sentence_of
from tests.query_counts import counted
from tests.services.unmatched import surplus
from tests.shop import CANCELS, NOON, failure, later, new_payment, pay, post

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("reconcile_runs")]


def test_healthy_shop_has_no_alerts() -> None:
    pay(new_payment())
    post(failed := new_payment(phone=CANCELS), failure(failed), now=later(20))

    assert active_alerts(later(60)) == []


def test_new_shop_without_any_run_has_no_alerts() -> None:
    MpesaJobRun.objects.all().delete()

    assert active_alerts(NOON) == []


def test_stuck_payment_raises_alert_until_it_ends() -> None:
    payment = new_payment()

    early, late = sentence_of("stuck_payments", at=minutes(4)), alert_of("stuck_payments", at=minutes(6))
    pay(payment)

    assert early == ""
    assert late is not None
    assert late.sentence == (
        "A payment has waited for a result since 15:00. The automatic check is not running. "
        "Forward this to your developer: look at mpesa_reconcile."
    )
    assert late.level is Level.URGENT
    assert sentence_of("stuck_payments", at=minutes(6)) == ""


def test_unsent_payment_counts_as_stuck() -> None:
    new_payment(sent=False)

    assert sentence_of("stuck_payments", at=minutes(6)) != ""


def test_drop_of_hourly_success_rate_raises_alert_until_it_recovers() -> None:
    new_ended_payments(180, status="completed", at=NOON - timedelta(days=5))
    new_ended_payments(20, status="failed", at=NOON - timedelta(days=5))
    new_ended_payments(10, status="completed", at=minutes(-30))
    new_ended_payments(15, status="failed", at=minutes(-20))

    dropped = alert_of("success_rate")
    new_ended_payments(60, status="completed", at=minutes(-10))

    assert dropped is not None
    assert dropped.sentence == "Only 40 % of the last hour's payments went through; 90 % do as a rule."
    assert (dropped.level, dropped.count) == (Level.URGENT, 15)
    assert alert_of("success_rate") is None


def test_drop_of_daily_success_rate_raises_alert() -> None:
    new_ended_payments(180, status="completed", at=NOON - timedelta(days=5))
    new_ended_payments(20, status="failed", at=NOON - timedelta(days=5))
    new_ended_payments(10, status="completed", at=minutes(-500))
    new_ended_payments(15, status="expired", at=minutes(-600))

    assert sentence_of("success_rate") == "Only 40 % of the last 24 hours' payments went through; 90 % do as a rule."


@pytest.mark.parametrize(
    ("before", "paid", "failed"),
    [
        pytest.param(200, 5, 10, id="too few recent payments"),
        pytest.param(50, 5, 20, id="too few earlier payments"),
        pytest.param(200, 18, 7, id="within chance"),
    ],
)
def test_drop_that_may_be_chance_raises_no_alert(before: int, paid: int, failed: int) -> None:
    new_ended_payments(before * 9 // 10, status="completed", at=NOON - timedelta(days=5))
    new_ended_payments(before // 10, status="failed", at=NOON - timedelta(days=5))
    new_ended_payments(paid, status="completed", at=minutes(-30))
    new_ended_payments(failed, status="failed", at=minutes(-20))

    assert sentence_of("success_rate") == ""


def test_overdue_reconcile_raises_alert_until_it_runs() -> None:
    early, late = sentence_of("reconcile", at=minutes(9)), sentence_of("reconcile", at=minutes(11))
    reconciliation.record_job_run(reconciliation.RECONCILE, now=minutes(11))

    assert early == ""
    assert late == (
        "The automatic check is not running. Forward this to your developer: mpesa_reconcile last ran 15:00. "
        "It must run every minute, or lost payments are not found and unpaid orders stay open."
    )
    assert sentence_of("reconcile", at=minutes(11)) == ""


def test_payments_without_any_reconcile_run_raise_alert() -> None:
    MpesaJobRun.objects.all().delete()
    pay(new_payment())

    assert sentence_of("reconcile").startswith("The automatic check is not running. Forward this to your developer:")


def test_invalid_settings_raise_alert_until_fixed(settings: Any) -> None:
    right = settings.OSCAR_MPESA
    settings.OSCAR_MPESA = {**right, "CONSUMER_KEY": "key"}

    wrong = alert_of("settings")
    settings.OSCAR_MPESA = right

    assert wrong is not None
    assert wrong.sentence == "M-PESA is not offered, because its settings are wrong (E003)."
    assert wrong.url_name == "dashboard:mpesa-setup"
    assert alert_of("settings") is None


def test_urgent_alerts_come_first() -> None:
    surplus()

    levels = [alert.level for alert in active_alerts(minutes(20))]

    assert levels == [Level.URGENT, Level.SOON]


def test_time_on_another_day_is_shown_with_translated_date() -> None:
    with translation.override("sw"):
        sentence = sentence_of("reconcile", at=NOON + timedelta(days=1))

    assert "15:00, 23 " in sentence


def test_active_alerts_make_four_queries(settings: Any) -> None:
    surplus()
    with_credentials(settings)
    record_call("push", UNREACHABLE)
    active_alerts(NOON)

    with counted() as count:
        active_alerts(NOON)

    assert len(count) == 4, str(count)  # one of them for payments and the set-up test
