"""Alerts about unanswered API calls and rejected credentials."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from oscar_mpesa.alerts.connectivity import CALLS_READ
from oscar_mpesa.alerts.rules import Level, active_alerts
from oscar_mpesa.models import MpesaApiCall
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.testing import ScriptedTransport
from oscar_mpesa.testing.transport import page
from tests.alerts.connectivity_rows import (
    REJECTED_CREDENTIALS,
    REJECTED_REQUEST,
    UNREACHABLE,
    minutes,
    new_waiting_payments,
    record_call,
    with_credentials,
)
from tests.alerts.expected_alerts import alert_of, sentence_of
from tests.shop import ANOTHER, CANCELS, NOON, PAYS, new_payment

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("reconcile_runs")]

#: What Safaricom's OAuth answers, with 503, to an address that its firewall blocks.
INCAPSULA = "<html><body>Request unsuccessful. Incapsula incident ID: 0-0</body></html>"

PRODUCTION = {"ENVIRONMENT": "production", "SHORTCODE": "5123456", "TEST_MODE": False}

#: The environment and short code of the production shop's calls.
OURS = {"environment": "production", "shortcode": "5123456"}


def test_unanswered_calls_raise_alert_until_one_is_answered(settings: Any) -> None:
    with_credentials(settings)
    record_call("push", at=minutes(-20))
    for minute in (-7, -4, -1):
        record_call("query", UNREACHABLE, at=minutes(minute))
    idle = alert_of("safaricom_not_answering")
    new_waiting_payments(2)
    waiting = alert_of("safaricom_not_answering")
    record_call("query", at=NOON)

    assert idle is not None and waiting is not None
    assert idle.sentence == (
        "Safaricom has given no usable answer since 14:53, 3 times in a row. Nobody can pay by M-PESA while this lasts."
        " Orders are safe."
    )
    assert waiting.sentence == (
        "Safaricom has given no usable answer since 14:53; customers waiting: 2. Their orders are safe; we keep "
        "checking."
    )
    assert (idle.level, idle.count, waiting.count) == (Level.URGENT, 1, 2)
    assert sentence_of("safaricom_not_answering") == ""


@pytest.mark.parametrize(
    ("failed", "is_alert"),
    [
        pytest.param((-7, -1), False, id="two calls are too few"),
        pytest.param((-3, -2, -1), False, id="three minutes are too short"),
        pytest.param((-40, -39, -38), False, id="three minutes, long ago"),
        pytest.param((-6, -3, -1), True, id="five minutes"),
        pytest.param((-600, -300, -1), True, id="hours apart"),
        pytest.param((-40, -35, -30), True, id="nobody tried since"),
    ],
)
def test_run_of_failed_calls_is_an_alert_however_slow(settings: Any, failed: tuple[int, ...], is_alert: bool) -> None:
    with_credentials(settings)
    record_call("oauth", at=minutes(-700))
    for minute in failed:
        record_call("push", UNREACHABLE, at=minutes(minute))

    assert bool(sentence_of("safaricom_not_answering")) is is_alert


@pytest.mark.parametrize(
    ("kind", "is_alert"),
    [("unreadable", True), ("busy", True), ("refused", False), ("passkey_rejected", False), ("", False)],
)
def test_any_usable_answer_ends_the_run(settings: Any, kind: str, is_alert: bool) -> None:
    with_credentials(settings)
    for minute in (-20, -10):
        record_call("push", UNREACHABLE, at=minutes(minute))
    record_call("push", kind, at=minutes(-1))

    assert bool(sentence_of("safaricom_not_answering")) is is_alert


def test_outage_of_a_busy_shop_counts_from_its_first_failed_call(settings: Any) -> None:
    with_credentials(settings)
    record_call("push", at=minutes(-8))
    record_call("push", UNREACHABLE, at=minutes(-7))
    for _ in range(CALLS_READ):
        record_call("query", UNREACHABLE, at=minutes(-1))

    assert sentence_of("safaricom_not_answering").startswith("Safaricom has given no usable answer since 14:53, 200 ")


def test_blocked_server_is_an_alert_that_names_the_firewall(settings: Any) -> None:
    with_credentials(settings, HEALTH_TOKEN="maziwa")
    now = timezone.now()
    with replaced_transport(ScriptedTransport({"oauth": [page(INCAPSULA, status=503)] * 3})):
        for phone in (PAYS, CANCELS, ANOTHER):
            cache.clear()  # a failed sign-in is remembered for two seconds
            new_payment(phone=phone)
    MpesaApiCall.objects.filter(pk=MpesaApiCall.objects.earliest("pk").pk).update(created_at=now - timedelta(hours=5))

    health = Client().get("/api/payments/health/", headers={"Authorization": "Bearer maziwa"})
    alert = alert_of("server_blocked", at=now)
    record_call("oauth", at=now)

    assert alert is not None
    assert alert.sentence.startswith(
        "Safaricom's firewall blocks this server's address; ask Safaricom to allow it. Nobody has been able to pay by "
        "M-PESA since "
    )
    assert health.status_code == 503
    assert "server_blocked" in [each["key"] for each in health.json()["alerts"]]
    assert [each.key for each in active_alerts(now) if each.key in {"server_blocked", "safaricom_not_answering"}] == []


def test_calls_of_another_short_code_raise_no_alert(settings: Any) -> None:
    with_credentials(settings)
    new_waiting_payments(1)
    for minute in (-7, -4, -1):
        record_call("query", UNREACHABLE, at=minutes(minute), shortcode="600000")

    assert sentence_of("safaricom_not_answering") == ""


def test_rejected_credentials_raise_alert_until_accepted(settings: Any) -> None:
    with_credentials(settings)
    record_call("oauth", at=minutes(-90))
    record_call("oauth", REJECTED_CREDENTIALS, at=minutes(-50))
    record_call("oauth", UNREACHABLE, at=minutes(-30))
    record_call("oauth", REJECTED_CREDENTIALS, at=minutes(-10))

    before = sentence_of("credentials_rejected")
    record_call("oauth", at=NOON)

    assert before == "Safaricom has refused our key since 14:10: nobody can pay by M-PESA."
    assert sentence_of("credentials_rejected") == ""


@pytest.mark.parametrize("error", [REJECTED_REQUEST, "misconfigured", "refused"])
def test_rejected_requests_raise_alert_until_one_is_accepted(settings: Any, error: str) -> None:
    with_credentials(settings)
    record_call("oauth", at=minutes(-90))
    record_call("push", error, at=minutes(-5))

    before = sentence_of("requests_rejected")
    record_call("push", at=NOON)

    assert before.startswith("Safaricom has refused our requests since 14:55:")
    assert sentence_of("requests_rejected") == ""


def test_other_oauth_refusal_is_an_alert_about_requests_not_the_key(settings: Any) -> None:
    with_credentials(settings)
    record_call("push", at=minutes(-90))
    record_call("oauth", "misconfigured", at=minutes(-5))

    assert sentence_of("requests_rejected").startswith("Safaricom has refused our requests since 14:55:")
    assert sentence_of("credentials_rejected") == ""


@pytest.mark.parametrize("error", ["number_refused", "amount_refused"])
def test_refused_number_or_amount_is_no_alert(settings: Any, error: str) -> None:
    with_credentials(settings)
    record_call("push", "refused", at=minutes(-15))
    before = sentence_of("requests_rejected")

    record_call("push", error, at=minutes(-5))

    assert before.startswith("Safaricom has refused our requests since 14:45:")
    assert sentence_of("requests_rejected") == ""


def test_day_without_an_answered_query_raises_alert_until_one_is_answered(settings: Any) -> None:
    with_credentials(settings, **PRODUCTION)
    record_call("push", at=minutes(-1), **OURS)
    for hour in (-23, -12):
        record_call("query", REJECTED_REQUEST, at=minutes(60 * hour), **OURS)
    two = sentence_of("no_answered_queries")
    record_call("query", REJECTED_REQUEST, at=minutes(-2), **OURS)

    three, tomorrow = alert_of("no_answered_queries"), sentence_of("no_answered_queries", at=minutes(24 * 60))
    record_call("query", at=NOON, **OURS)

    assert (two, tomorrow) == ("", "")
    assert three is not None
    assert three.sentence == (
        "Safaricom answered none of the last day's 3 status checks, so lost payments are not found. Forward this to "
        "your developer."
    )
    assert (three.level, three.count) == (Level.URGENT, 3)
    assert alert_of("no_answered_queries") is None


def test_unanswered_queries_of_the_sandbox_are_no_alert(settings: Any) -> None:
    for environment in ("sandbox", "production"):
        for minute in (-60, -30, -1):
            record_call("query", REJECTED_REQUEST, at=minutes(minute), **{**OURS, "environment": environment})

    with_credentials(settings, **PRODUCTION)
    in_production = alert_of("no_answered_queries")
    MpesaApiCall.objects.filter(environment="production").delete()

    assert in_production is not None and in_production.count == 3
    assert alert_of("no_answered_queries") is None
