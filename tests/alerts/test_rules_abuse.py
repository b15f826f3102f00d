"""Alerts about prompts that go to people who may not have ordered."""

from __future__ import annotations

from typing import Any

import pytest

from oscar_mpesa.alerts.delivery import deliver_alerts
from oscar_mpesa.alerts.rules import Level, active_alerts
from oscar_mpesa.models import MpesaPayment, MpesaPushAttempt
from tests.alerts.connectivity_rows import minutes, new_ended_payments
from tests.alerts.expected_alerts import alert_of, sentence_of
from tests.query_counts import counted
from tests.shop import ANOTHER, NOON, new_payment

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("reconcile_runs")]


def tried(numbers: range, *, address: str | None = "203.0.113.9", at: float = -30, **columns: Any) -> None:
    """Store a push attempt to each of these numbers from one address; every second one was refused."""
    MpesaPushAttempt.objects.bulk_create(
        MpesaPushAttempt(
            phone=f"2547{number:08}",
            address=address,
            created_at=minutes(at),
            refused_by="order_numbers" if number % 2 else "",
            **{"environment": "simulated", **columns},
        )
        for number in numbers
    )


def test_many_unpaid_numbers_from_one_address_raise_alert_for_an_hour() -> None:
    tried(range(100))
    tried(range(10))  # numbers, not tries
    at_the_limit = alert_of("address_numbers")
    tried(range(100, 101))

    alert = alert_of("address_numbers")

    assert at_the_limit is None and alert is not None
    assert alert.sentence == (
        "101 numbers that did not pay were tried from the IP address 203.0.113.9 within an hour. Somebody may be "
        "sending prompts to people who did not order. Look at the payments, and forward this to your developer: "
        "MPESA_ADDRESS_LIMIT can stop it."
    )
    assert (alert.level, alert.count, alert.url_name) == (Level.SOON, 1, "dashboard:mpesa-payments")
    assert alert_of("address_numbers", at=minutes(30)) is None


def test_several_addresses_are_counted_in_one_alert(settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "ADDRESS_ALERT_LIMIT": 3}
    tried(range(4))
    tried(range(2, 6), address="2001:db8::1")
    tried(range(90, 93), address="203.0.113.77")

    assert sentence_of("address_numbers").startswith(
        "6 numbers that did not pay were tried from 2 IP addresses within an hour."
    )


def test_numbers_that_paid_and_other_rows_do_not_count(settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "ADDRESS_ALERT_LIMIT": 3}
    tried(range(4))
    tried(range(5, 9), address=None)
    tried(range(5, 9), environment="production")
    tried(range(5, 9), at=-61)
    before = alert_of("address_numbers")

    new_ended_payments(1, status="completed", at=minutes(-20))
    MpesaPayment.objects.update(phone="254700000003")

    assert before is not None and before.params["numbers"] == 4
    assert alert_of("address_numbers") is None


def test_zero_switches_the_alert_off(settings: Any) -> None:
    tried(range(101))
    on = alert_of("address_numbers")

    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "ADDRESS_ALERT_LIMIT": 0}

    assert on is not None
    assert alert_of("address_numbers") is None


@pytest.mark.parametrize(
    ("paid", "unpaid", "sentence"),
    [
        (19, 81, "Only 19 of the last hour's 100 prompts were paid."),
        (20, 80, ""),
        (0, 99, ""),
    ],
)
def test_many_prompts_of_which_few_are_paid_raise_alert(paid: int, unpaid: int, sentence: str) -> None:
    new_ended_payments(paid, status="completed", at=minutes(-10))
    new_ended_payments(unpaid, status="expired", at=minutes(-10))

    assert sentence_of("unpaid_prompts")[: len(sentence) or None] == sentence


def test_only_the_hours_ended_prompts_of_the_shops_environment_count() -> None:
    new_ended_payments(99, status="cancelled", at=minutes(-10))
    new_ended_payments(1, status="expired", at=minutes(-61))
    new_ended_payments(1, status="failed", at=minutes(-10), environment="production")
    new_ended_payments(1, status="failed", at=minutes(-10), code="not-sent")
    new_payment(phone=ANOTHER)
    before = alert_of("unpaid_prompts")

    new_ended_payments(1, status="failed", at=minutes(-10))

    assert before is None
    assert alert_of("unpaid_prompts") is not None


def test_both_alerts_cost_one_more_query_and_are_sent_daily() -> None:
    new_ended_payments(100, status="expired", at=minutes(-10))
    tried(range(101))

    with counted() as count:
        keys = {alert.key for alert in active_alerts(NOON)}
    sent = [{alert.key for alert in deliver_alerts(now)} for now in (NOON, minutes(2))]

    assert keys == {"address_numbers", "unpaid_prompts"}
    assert len(count) == 3, str(count)  # in test mode no call is read
    assert sent == [keys, set()]
