"""Alerts about unanswered API calls and rejected credentials."""

from __future__ import annotations

from typing import Any

import pytest

from tests.alerts.connectivity_rows import (
    REJECTED_CREDENTIALS,
    REJECTED_REQUEST,
    UNREACHABLE,
    minutes,
    new_waiting_payments,
    record_call,
    with_credentials,
)
from tests.alerts.expected_alerts import sentence_of
from tests.shop import NOON

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("reconcile_runs")]


def test_unanswered_calls_raise_alert_while_customers_wait(settings: Any) -> None:
    with_credentials(settings)
    record_call("push", at=minutes(-20))
    for minute in (-7, -4, -1):
        record_call("query", UNREACHABLE, at=minutes(minute))
    before = sentence_of("safaricom_not_answering")
    new_waiting_payments(2)
    meanwhile = sentence_of("safaricom_not_answering")
    record_call("query", at=NOON)

    assert before == ""
    assert meanwhile == (
        "Safaricom has not answered for 7 minutes; customers waiting: 2. Their orders are safe; we keep checking."
    )
    assert sentence_of("safaricom_not_answering") == ""


@pytest.mark.parametrize(
    "unanswered",
    [
        pytest.param((-7, -1), id="two calls are too few"),
        pytest.param((-3, -2, -1), id="three minutes are too short"),
        pytest.param((-60, -30, -1), id="half an hour apart"),
        pytest.param((-40, -35, -30), id="long ago"),
    ],
)
def test_few_or_scattered_unanswered_calls_raise_no_alert(settings: Any, unanswered: tuple[int, ...]) -> None:
    with_credentials(settings)
    new_waiting_payments(1)
    for minute in unanswered:
        record_call("query", UNREACHABLE, at=minutes(minute))

    assert sentence_of("safaricom_not_answering") == ""


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


def test_rejected_requests_raise_alert_until_one_is_accepted(settings: Any) -> None:
    with_credentials(settings)
    record_call("oauth", at=minutes(-90))
    record_call("push", REJECTED_REQUEST, at=minutes(-5))

    before = sentence_of("requests_rejected")
    record_call("push", at=NOON)

    assert before.startswith("Safaricom has refused our requests since 14:55:")
    assert sentence_of("requests_rejected") == ""
