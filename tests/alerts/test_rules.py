"""What needs the owner appears while it is true, says so in one sentence, and goes when it is true no more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import translation

from oscar_mpesa.alerts.rules import Level, active_alerts
from oscar_mpesa.models import MpesaJobRun
from oscar_mpesa.services import reconciliation
from tests.alerts.connectivity_rows import UNREACHABLE, called, many_ended, minutes, with_credentials
from tests.alerts.expected_alerts import need, said
from tests.query_counts import counted
from tests.services.unmatched import surplus
from tests.shop import CANCELS, NOON, failure, later, new_payment, pay, post

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("reconcile_runs")]


def test_a_shop_where_all_is_well_needs_nobody() -> None:
    pay(new_payment())
    post(failed := new_payment(phone=CANCELS), failure(failed), now=later(20))

    assert active_alerts(later(60)) == []


def test_a_new_shop_needs_nobody_though_nothing_ever_ran() -> None:
    MpesaJobRun.objects.all().delete()

    assert active_alerts(NOON) == []


def test_a_payment_that_nothing_asks_about_until_it_ends() -> None:
    payment = new_payment()

    early, late = said("stuck", at=minutes(4)), need("stuck", at=minutes(6))
    pay(payment)

    assert early == ""
    assert late is not None
    assert late.sentence == (
        "A payment has waited for an answer since 15:00, and nothing asks about it. "
        "Ask whoever runs your server to look at mpesa_reconcile."
    )
    assert late.level is Level.URGENT
    assert said("stuck", at=minutes(6)) == ""


def test_one_that_was_never_sent_is_stuck_too() -> None:
    new_payment(sent=False)

    assert said("stuck", at=minutes(6)) != ""


def test_the_rate_of_success_has_fallen_within_the_hour_until_it_rises() -> None:
    many_ended(180, status="completed", at=NOON - timedelta(days=5))
    many_ended(20, status="failed", at=NOON - timedelta(days=5))
    many_ended(10, status="completed", at=minutes(-30))
    many_ended(15, status="failed", at=minutes(-20))

    fallen = need("success")
    many_ended(60, status="completed", at=minutes(-10))

    assert fallen is not None
    assert fallen.sentence == "Only 40 % of the last hour's payments went through; 90 % do as a rule."
    assert (fallen.level, fallen.count) == (Level.URGENT, 15)
    assert need("success") is None


def test_or_within_a_day_where_an_hour_has_too_few() -> None:
    many_ended(180, status="completed", at=NOON - timedelta(days=5))
    many_ended(20, status="failed", at=NOON - timedelta(days=5))
    many_ended(10, status="completed", at=minutes(-500))
    many_ended(15, status="expired", at=minutes(-600))

    assert said("success") == "Only 40 % of the last 24 hours' payments went through; 90 % do as a rule."


@pytest.mark.parametrize(
    ("before", "paid", "failed"),
    [
        pytest.param(200, 5, 10, id="fifteen are too few to say"),
        pytest.param(50, 5, 20, id="a shop that has no rule yet"),
        pytest.param(200, 18, 7, id="an accident"),
    ],
)
def test_a_fall_that_may_be_none(before: int, paid: int, failed: int) -> None:
    many_ended(before * 9 // 10, status="completed", at=NOON - timedelta(days=5))
    many_ended(before // 10, status="failed", at=NOON - timedelta(days=5))
    many_ended(paid, status="completed", at=minutes(-30))
    many_ended(failed, status="failed", at=minutes(-20))

    assert said("success") == ""


def test_reconcile_was_not_seen_until_it_runs() -> None:
    early, late = said("reconcile", at=minutes(9)), said("reconcile", at=minutes(11))
    reconciliation.record_job_run(reconciliation.RECONCILE, now=minutes(11))

    assert early == ""
    assert late == (
        "mpesa_reconcile has not run since 15:00: lost payments are not found, and unpaid orders stay open. "
        "Ask whoever runs your server to run it every minute."
    )
    assert said("reconcile", at=minutes(11)) == ""


def test_reconcile_never_ran_where_there_are_payments() -> None:
    MpesaJobRun.objects.all().delete()
    pay(new_payment())

    assert said("reconcile").startswith("mpesa_reconcile has never run:")


def test_wrong_settings_until_they_are_right(settings: Any) -> None:
    right = settings.OSCAR_MPESA
    settings.OSCAR_MPESA = {**right, "CONSUMER_KEY": "key"}

    wrong = need("settings")
    settings.OSCAR_MPESA = right

    assert wrong is not None
    assert wrong.sentence == "M-Pesa is not offered, because its settings are wrong (E003)."
    assert wrong.url_name == "dashboard:mpesa-setup"
    assert need("settings") is None


def test_what_is_urgent_comes_first() -> None:
    surplus()

    levels = [each.level for each in active_alerts(minutes(20))]

    assert levels == [Level.URGENT, Level.SOON]


def test_a_moment_of_another_day_is_told_with_its_day_in_the_language_of_the_reader() -> None:
    with translation.override("sw"):
        sentence = said("reconcile", at=NOON + timedelta(days=1))

    assert "15:00, 23 " in sentence


def test_all_of_it_is_three_questions_however_much_there_is(settings: Any) -> None:
    surplus()
    with_credentials(settings)
    called("push", UNREACHABLE)
    active_alerts(NOON)

    with counted() as count:
        active_alerts(NOON)

    assert len(count) == 3, str(count)
