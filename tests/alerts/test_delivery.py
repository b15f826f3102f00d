"""The owner is told once a day what needs somebody, by whichever of several reconcilers."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.utils.translation import get_language

from oscar_mpesa.alerts.delivery import deliver_alerts
from oscar_mpesa.alerts.rules import active_alerts
from oscar_mpesa.models import MpesaAlert, MpesaJobRun, MpesaReceipt
from oscar_mpesa.services import reconciliation
from oscar_mpesa.signals import alert_raised
from tests.alerts.connectivity_rows import minutes
from tests.query_counts import counted
from tests.services.unmatched import surplus
from tests.shop import NOON, new_payment, pay

pytestmark = pytest.mark.django_db(transaction=True)

OWNER = "mama@shop.example"
DAY = 24 * 60


@pytest.fixture(autouse=True)
def _owner(settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "ALERT_EMAILS": (OWNER, "accounts@shop.example")}
    settings.OSCAR_URL_SCHEMA = "https"
    reconciliation.record_job_run(reconciliation.RECONCILE, now=minutes(DAY * 3))


@pytest.fixture
def heard() -> Iterator[list[dict[str, Any]]]:
    """What the signal said."""
    said: list[dict[str, Any]] = []

    def hear(*, signal: Any, sender: Any, **facts: Any) -> None:
        said.append(facts)

    alert_raised.connect(hear)
    yield said
    alert_raised.disconnect(hear)


def told(at: float = 0) -> list[str]:
    """The keys of what is told now."""
    return [need.key for need in deliver_alerts(minutes(at))]


def alert_mails() -> list[Any]:
    """Those to the shop's own people."""
    return [message for message in mail.outbox if OWNER in message.to]


def test_a_thing_that_needs_the_owner_is_mailed_in_one_sentence_with_a_link() -> None:
    surplus()

    assert told() == ["surplus"]

    (message,) = alert_mails()
    assert message.to == [OWNER, "accounts@shop.example"]
    assert message.subject.startswith("TEST: M-Pesa needs you: ")
    assert "- Return KSh 1,500: it arrived for an order that was paid already.\n" in message.body
    assert message.body.endswith("/dashboard/mpesa/\n")
    assert "https://" in message.body


def test_where_all_is_well_nothing_is_sent(heard: list[dict[str, Any]]) -> None:
    payment = pay(new_payment())

    assert payment.is_paid
    assert told() == []
    assert (alert_mails(), heard) == ([], [])


def test_it_is_told_once_a_day_as_long_as_it_is_true() -> None:
    surplus()

    days = [told(), told(2), told(DAY - 1), told(DAY + 1), told(2 * DAY)]

    assert days == [["surplus"], [], [], ["surplus"], []]
    assert len(alert_mails()) == 2


def test_another_thing_is_told_meanwhile() -> None:
    receipt = surplus()
    told()

    MpesaReceipt.objects.filter(pk=receipt.pk).update(allocation="unallocated")

    assert told(2) == ["unallocated"]


def test_several_things_are_one_mail() -> None:
    surplus()
    MpesaJobRun.objects.update(last_run_at=minutes(-30))

    assert told() == ["reconcile", "surplus"]

    (message,) = alert_mails()
    assert message.body.count("\n- ") + message.body.startswith("- ") == 2


def test_the_signal_tells_it_too_with_nothing_personal(heard: list[dict[str, Any]], settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "ALERT_EMAILS": ()}
    surplus()

    told()
    told(2)

    sentence = "Return KSh 1,500: it arrived for an order that was paid already."
    assert heard == [{"key": "surplus", "level": "soon", "sentence": sentence, "count": 1}]
    assert alert_mails() == []


def test_a_receiver_that_raises_stops_neither_the_mail_nor_the_others(
    heard: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    surplus()

    def refuse(**_: Any) -> None:
        raise RuntimeError("the shop's own fault")

    alert_raised.connect(refuse)
    try:
        told()
    finally:
        alert_raised.disconnect(refuse)

    assert len(heard) == len(alert_mails()) == 1
    assert "failed on the alert surplus" in caplog.text


def test_a_mail_that_fails_is_tried_again_and_the_signal_is_not(heard: list[dict[str, Any]], settings: Any) -> None:
    surplus()
    working = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "tests.alerts.connectivity_rows.Broken"

    with pytest.raises(OSError, match="no mail server"):
        told()
    settings.EMAIL_BACKEND = working

    assert told(2) == []
    assert told(6) == ["surplus"]
    assert (len(alert_mails()), len(heard)) == (1, 1)


def test_of_two_reconcilers_in_one_minute_one_looks() -> None:
    surplus()
    told()

    with counted() as count:
        assert told(0.5) == []

    assert len(count) <= 2, str(count)


def test_what_another_one_has_claimed_is_left_to_it() -> None:
    surplus()
    MpesaAlert.objects.create(key="mail surplus", reserved_at=minutes(-1))
    MpesaAlert.objects.create(key="signal surplus", reserved_at=minutes(-1))

    seen = [need.key for need in active_alerts(NOON)]

    assert (seen, told()) == (["surplus"], [])


def test_looking_costs_few_questions_where_all_is_told() -> None:
    surplus()
    told()

    with counted() as count:
        told(2)

    assert len(count) <= 6, str(count)


def test_reconcile_tells_it() -> None:
    surplus()

    call_command("mpesa_reconcile", stdout=StringIO())

    assert len(alert_mails()) == 1


def test_a_mail_server_that_is_away_fails_no_pass(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    surplus()
    settings.EMAIL_BACKEND = "tests.alerts.connectivity_rows.Broken"

    with caplog.at_level(logging.ERROR, logger="oscar_mpesa"):
        call_command("mpesa_reconcile", stdout=StringIO())

    assert "the owner could not be alerted" in caplog.text


def test_it_is_written_in_the_language_of_the_shop_whoever_runs_the_command(settings: Any) -> None:
    settings.LANGUAGE_CODE = "sw"
    spoken: list[str | None] = []

    def listen(**_: Any) -> None:
        spoken.append(get_language())

    surplus()
    alert_raised.connect(listen)
    try:
        told()
    finally:
        alert_raised.disconnect(listen)

    assert spoken == ["sw"]


def test_a_shop_of_real_money_is_not_told_of_tests(settings: Any) -> None:
    surplus()
    settings.OSCAR_MPESA = {
        "ENVIRONMENT": "production",
        "CONSUMER_KEY": "key",
        "CONSUMER_SECRET": "secret",
        "SHORTCODE": "5123456",
        "PASSKEY": "passkey",
        "CALLBACK_URL": "https://shop.example.com/hooks",
        "ALERT_EMAILS": (OWNER,),
    }

    assert told() == []
    MpesaReceipt.objects.update(environment="production")
    assert told(2) == ["surplus"]
    assert alert_mails()[0].subject.startswith("M-Pesa needs you: ")
