"""Delivery of alerts by email and by signal, once a day each."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.contrib.sites.models import Site
from django.core import mail
from django.core.management import call_command
from django.utils.translation import get_language

from oscar_mpesa.alerts.delivery import deliver_alerts
from oscar_mpesa.alerts.rules import active_alerts
from oscar_mpesa.models import MpesaAlert, MpesaJobRun, MpesaOrder, MpesaReceipt
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
def signals() -> Iterator[list[dict[str, Any]]]:
    """Collect the arguments of each ``alert_raised``."""
    received: list[dict[str, Any]] = []

    def receive(*, signal: Any, sender: Any, **arguments: Any) -> None:
        received.append(arguments)

    alert_raised.connect(receive)
    yield received
    alert_raised.disconnect(receive)


def deliver(at: float = 0) -> list[str]:
    """Deliver alerts and return the keys of those sent."""
    return [alert.key for alert in deliver_alerts(minutes(at))]


def alert_emails() -> list[Any]:
    """Return the emails to the owner."""
    return [message for message in mail.outbox if OWNER in message.to]


def test_alert_is_emailed_as_sentence_with_link() -> None:
    surplus()

    assert deliver() == ["overpaid"]

    (message,) = alert_emails()
    assert message.to == [OWNER, "accounts@shop.example"]
    assert message.subject.startswith("TEST: M-PESA needs attention: ")
    assert (
        "- Refund KSh 1,500, or match it to another order: it arrived for an order that was already paid.\n"
        in message.body
    )
    assert message.body.endswith("/dashboard/mpesa/\n")
    assert "https://" in message.body


def test_link_names_the_site_of_the_newest_order_without_site_id(settings: Any) -> None:
    surplus()
    newest = MpesaOrder.objects.order_by("-pk")[0].order
    newest.site = Site.objects.create(domain="duka.example.com", name="Duka")
    newest.save()
    del settings.SITE_ID

    deliver()

    (message,) = alert_emails()
    assert "https://duka.example.com/" in message.body


def test_process_without_urls_emails_the_alert_without_a_link(settings: Any) -> None:
    surplus()
    del settings.ROOT_URLCONF

    assert deliver() == ["overpaid"]

    (message,) = alert_emails()
    assert message.body.endswith("already paid.\n")


def test_without_alerts_nothing_is_sent(signals: list[dict[str, Any]]) -> None:
    payment = pay(new_payment())

    assert payment.is_paid
    assert deliver() == []
    assert (alert_emails(), signals) == ([], [])


def test_active_alert_is_sent_once_a_day() -> None:
    surplus()

    days = [deliver(), deliver(2), deliver(DAY - 1), deliver(DAY + 1), deliver(2 * DAY)]

    assert days == [["overpaid"], [], [], ["overpaid"], []]
    assert len(alert_emails()) == 2


def test_new_alert_is_sent_within_the_day() -> None:
    receipt = surplus()
    deliver()

    MpesaReceipt.objects.filter(pk=receipt.pk).update(status="unmatched")

    assert deliver(2) == ["unmatched"]


def test_several_alerts_share_one_email() -> None:
    surplus()
    MpesaJobRun.objects.update(last_run_at=minutes(-30))

    assert deliver() == ["reconcile", "overpaid"]

    (message,) = alert_emails()
    assert message.body.count("\n- ") + message.body.startswith("- ") == 2


def test_signal_carries_alert_without_personal_data(signals: list[dict[str, Any]], settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "ALERT_EMAILS": ()}
    surplus()

    deliver()
    deliver(2)

    sentence = "Refund KSh 1,500, or match it to another order: it arrived for an order that was already paid."
    assert signals == [{"key": "overpaid", "level": "soon", "sentence": sentence, "count": 1}]
    assert alert_emails() == []


def test_failing_receiver_stops_neither_email_nor_other_receivers(
    signals: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    surplus()

    def fail(**_: Any) -> None:
        raise RuntimeError("the shop's own fault")

    alert_raised.connect(fail)
    try:
        deliver()
    finally:
        alert_raised.disconnect(fail)

    assert len(signals) == len(alert_emails()) == 1
    assert "failed on the alert overpaid" in caplog.text


def test_failed_email_is_retried_without_second_signal(signals: list[dict[str, Any]], settings: Any) -> None:
    surplus()
    working = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "tests.alerts.connectivity_rows.UnreachableBackend"

    with pytest.raises(OSError, match="no email server"):
        deliver()
    settings.EMAIL_BACKEND = working

    assert deliver(2) == []
    assert deliver(6) == ["overpaid"]
    assert (len(alert_emails()), len(signals)) == (1, 1)


def test_second_reconciler_within_a_minute_does_nothing() -> None:
    surplus()
    deliver()

    with counted() as count:
        assert deliver(0.5) == []

    assert len(count) <= 2, str(count)


def test_alert_reserved_by_another_process_is_skipped() -> None:
    surplus()
    MpesaAlert.objects.create(key="email overpaid", reserved_at=minutes(-1))
    MpesaAlert.objects.create(key="signal overpaid", reserved_at=minutes(-1))

    active = [alert.key for alert in active_alerts(NOON)]

    assert (active, deliver()) == (["overpaid"], [])


def test_scan_without_new_alerts_makes_few_queries() -> None:
    surplus()
    deliver()

    with counted() as count:
        deliver(2)

    assert len(count) <= 6, str(count)


def test_reconcile_delivers_alerts() -> None:
    surplus()

    call_command("mpesa_reconcile", stdout=StringIO())

    assert len(alert_emails()) == 1


def test_unreachable_email_server_does_not_fail_reconcile(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    surplus()
    settings.EMAIL_BACKEND = "tests.alerts.connectivity_rows.UnreachableBackend"

    with caplog.at_level(logging.ERROR, logger="oscar_mpesa"):
        call_command("mpesa_reconcile", stdout=StringIO())

    assert "alerts could not be delivered" in caplog.text


def test_alert_uses_language_of_shop(settings: Any) -> None:
    settings.LANGUAGE_CODE = "sw"
    languages: list[str | None] = []

    def receive(**_: Any) -> None:
        languages.append(get_language())

    surplus()
    alert_raised.connect(receive)
    try:
        deliver()
    finally:
        alert_raised.disconnect(receive)

    assert languages == ["sw"]


def test_production_shop_gets_no_alerts_about_test_money(settings: Any) -> None:
    surplus()
    settings.OSCAR_MPESA = {
        "WAKE": settings.OSCAR_MPESA["WAKE"],
        "ENVIRONMENT": "production",
        "CONSUMER_KEY": "key",
        "CONSUMER_SECRET": "secret",
        "SHORTCODE": "5123456",
        "PASSKEY": "passkey",
        "CALLBACK_URL": "https://shop.example.com/hooks",
        "ALERT_EMAILS": (OWNER,),
    }

    assert deliver() == []
    MpesaReceipt.objects.update(environment="production")
    assert deliver(2) == ["overpaid"]
    assert alert_emails()[0].subject.startswith("M-PESA needs attention: ")
