"""An email has a time limit, and a mail server that does not answer is left alone for a minute."""

from __future__ import annotations

import smtplib
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend

from oscar_mpesa.models import MessageKind, MpesaOutboxMessage
from oscar_mpesa.services.mail import MailBreaker, is_unreachable, mail_connection
from oscar_mpesa.services.outbox import EMAIL_KINDS
from oscar_mpesa.testing import deliver_due
from tests.databases.threads import new_phone
from tests.shop import NOON, later, new_payment, pay
from tests.silent_server import SilentServer, silent_server

SMTP = "django.core.mail.backends.smtp.EmailBackend"
LOCMEM = "django.core.mail.backends.locmem.EmailBackend"


class StrictBackend(EmailBackend):
    """Accept no argument but Django's own, as some backends do."""

    def __init__(self, fail_silently: bool = False) -> None:
        super().__init__(fail_silently=fail_silently)


@pytest.fixture
def silent(settings: Any) -> Iterator[SilentServer]:
    """Give the shop a mail server that says nothing, and a short time limit."""
    with silent_server() as server:
        settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = SMTP, "127.0.0.1", server.port
        settings.EMAIL_TIMEOUT = 0.2
        yield server


def pay_orders(count: int) -> None:
    for number in range(count):
        pay(new_payment(phone=new_phone()), number=f"OD123ABC4{number}")


def email_tries() -> list[int]:
    emails = MpesaOutboxMessage.objects.filter(kind__in=EMAIL_KINDS).order_by("pk")
    return list(emails.values_list("tries", flat=True))


@pytest.mark.parametrize(("given", "used"), [(None, 10), (0, 10), (5, 5), (600, 30)])
def test_emails_have_a_time_limit_whatever_the_shop_sets(settings: Any, given: int | None, used: int) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_TIMEOUT = SMTP, given

    assert mail_connection().timeout == used


def test_backend_that_takes_no_time_limit_is_used_as_it_is(settings: Any) -> None:
    settings.EMAIL_BACKEND = "tests.services.test_mail.StrictBackend"

    assert isinstance(mail_connection(), StrictBackend)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (TimeoutError(), True),
        (ConnectionRefusedError(), True),
        (smtplib.SMTPServerDisconnected(), True),
        (smtplib.SMTPConnectError(421, b"busy"), True),
        (smtplib.SMTPRecipientsRefused({}), False),
        (smtplib.SMTPAuthenticationError(535, b"no"), False),
        (ValueError(), False),
    ],
)
def test_refusal_by_the_mail_server_is_not_silence(error: Exception, expected: bool) -> None:
    assert is_unreachable(error) is expected


def test_breaker_lets_one_email_try_after_a_minute() -> None:
    breaker = MailBreaker()
    breaker.open(NOON)

    tries = [breaker.may_try(later(seconds)) for seconds in (59, 60, 61, 119, 120)]
    breaker.close()

    assert tries == [False, True, False, False, True]
    assert breaker.may_try(later(121)) and breaker.may_try(later(121))


def test_try_that_ends_before_the_server_lets_the_next_one_try() -> None:
    breaker = MailBreaker()
    breaker.open(NOON)

    first = breaker.may_try(later(60))
    breaker.pass_on(later(60))

    assert (first, breaker.may_try(later(60)), breaker.may_try(later(60))) == (True, True, False)


@pytest.mark.django_db(transaction=True)
def test_silent_mail_server_is_tried_once_a_minute_and_signals_go_on(silent: SilentServer, settings: Any) -> None:
    started = time.monotonic()

    pay_orders(3)
    tries = email_tries()
    deliver_due(now=later(30))
    deliver_due(now=later(61))
    after_a_minute = (email_tries(), len(silent.connections))
    settings.EMAIL_BACKEND = LOCMEM
    deliver_due(now=later(125))

    assert time.monotonic() - started < 10
    assert tries == [1, 0, 0]
    assert after_a_minute == ([1, 1, 0], 2)
    assert (email_tries(), len(mail.outbox)) == ([2, 1, 1], 2)  # the second one has its next try later
    assert not MpesaOutboxMessage.objects.filter(kind=MessageKind.ORDER_PAID, delivered_at=None).exists()
    deliver_due(now=later(61) + timedelta(seconds=91))
    assert len(mail.outbox) == 3
