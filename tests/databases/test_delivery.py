"""Under gunicorn, no request waits for a delivery, and no delivery is lost (M14)."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from oscar_mpesa.models import MessageKind, MpesaOutboxMessage, MpesaPayment
from oscar_mpesa.services.mail import DEFAULT_TIMEOUT
from oscar_mpesa.services.reconciliation import reconcile
from tests.databases.emails import delivered
from tests.databases.threads import new_payment
from tests.gunicorn_shop import GunicornShop, TimedResponse, gunicorn_shop
from tests.shop import success
from tests.silent_server import silent_server

pytestmark = [pytest.mark.databases, pytest.mark.django_db(transaction=True)]

#: Seconds until a test gives up.
MAX_WAIT = 30

CALLBACKS = 20


@pytest.fixture
def email_file(settings: Any, tmp_path: Path) -> dict[str, Any]:
    """Return the settings of a shop that writes its emails to a file, and delivers by its thread."""
    settings.EMAIL_FILE_PATH = str(tmp_path / "emails.txt")
    return {
        "EMAIL_BACKEND": "tests.databases.emails.FileBackend",
        "EMAIL_FILE_PATH": settings.EMAIL_FILE_PATH,
        "OSCAR_MPESA": {"TEST_MODE": True},
    }


def payments(count: int) -> list[MpesaPayment]:
    now = timezone.now()
    return [new_payment(now=now) for _ in range(count)]


def post_success(shop: GunicornShop, payment: MpesaPayment) -> TimedResponse:
    path = reverse("oscar_mpesa:hook", args=[payment.secret])
    return shop.post(path, success(payment, number=f"OD{payment.pk:08}"))


def wait_for_deliveries(kind: MessageKind, number: int) -> None:
    """Wait until so many messages of a kind are delivered, and none is left."""
    ends = time.monotonic() + MAX_WAIT
    of_kind = MpesaOutboxMessage.objects.filter(kind=kind)
    while of_kind.exclude(delivered_at=None).count() < number or of_kind.filter(delivered_at=None).exists():
        assert time.monotonic() < ends, f"{kind} is not delivered"
        time.sleep(0.05)


def confirmations(paid: list[MpesaPayment]) -> list[str]:
    return sorted(f"TEST: Confirmation of order {payment.mpesa_order.order.number}" for payment in paid)


def test_silent_mail_server_delays_no_callback_and_no_page(tmp_path: Path) -> None:
    due = payments(CALLBACKS)
    with silent_server() as mail_server:
        mail = {
            "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": mail_server.port,
            "EMAIL_TIMEOUT": None,
            "OSCAR_MPESA": {"TEST_MODE": True},
        }
        with gunicorn_shop(tmp_path, "--worker-class", "sync", workers=2, settings=mail) as shop:
            front_page = reverse("catalogue:index")
            shop.get(front_page)  # compiles its templates
            with ThreadPoolExecutor(4) as pool:
                answers = list(pool.map(partial(post_success, shop), due))
                pages = list(pool.map(shop.get, [front_page] * 4))
        tried = len(mail_server.connections)

    slowest = max(answer.seconds for answer in [*answers, *pages])
    assert {answer.status for answer in [*answers, *pages]} == {200}
    assert slowest < DEFAULT_TIMEOUT  # of the mail server, which a request that sends a mail waits for
    assert 1 <= tried <= 2  # one for each worker, and no other for a minute
    assert MpesaPayment.objects.filter(status="completed").count() == CALLBACKS


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--worker-class", "sync", "--preload"], id="sync, preloaded"),
        pytest.param(["--worker-class", "gthread", "--threads", "4"], id="gthread"),
        pytest.param(["--worker-class", "gevent"], id="gevent"),
    ],
)
def test_each_kind_of_worker_delivers(tmp_path: Path, email_file: dict[str, Any], arguments: list[str]) -> None:
    due = payments(6)

    with gunicorn_shop(tmp_path, *arguments, settings=email_file) as shop:
        with ThreadPoolExecutor(3) as pool:
            answers = list(pool.map(partial(post_success, shop), due))
        wait_for_deliveries(MessageKind.PAID_EMAIL, 6)

    assert [answer.status for answer in answers] == [200] * 6
    assert sorted(delivered()) == confirmations(due)


def test_stopped_shop_loses_no_email(settings: Any, tmp_path: Path, email_file: dict[str, Any]) -> None:
    due = payments(10)
    slow = {**email_file, "EMAIL_BACKEND": "tests.databases.emails.SlowFileBackend"}

    with gunicorn_shop(tmp_path, settings=slow) as shop:
        for payment in due:
            assert post_success(shop, payment).status == 200
        shop.process.terminate()
        shop.process.wait(MAX_WAIT)
    before = delivered()
    settings.EMAIL_BACKEND = email_file["EMAIL_BACKEND"]
    list(reconcile(lambda: timezone.now() + timedelta(minutes=6)))  # after the reservations of the stopped processes

    assert 0 < len(before) < 10
    assert not MpesaOutboxMessage.objects.filter(delivered_at=None).exists()
    assert set(delivered()) == set(confirmations(due))
    assert len(delivered()) <= 10 + 2  # at most one for each worker that was stopped while it sent an email
