"""``mpesa_reconcile``: its output, its exit status, and how it stops."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F
from django.dispatch import receiver
from django.utils import timezone
from oscar.apps.order.signals import order_status_changed

from oscar_mpesa.models import MpesaAllocation, MpesaCallback, MpesaOrder, MpesaPayment
from tests.shop import NO_FUNDS, new_order, new_payment, post, success

pytestmark = pytest.mark.django_db(transaction=True)


class Terminal(StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def broken_receiver() -> Iterator[None]:
    """Connect a receiver that raises at every change of order status."""

    def fail(**_: Any) -> None:
        raise RuntimeError("error in shop code")

    order_status_changed.connect(fail)
    yield
    order_status_changed.disconnect(fail)


def age_rows_by_an_hour() -> None:
    """Move the times of all rows back by an hour."""
    hour = timedelta(hours=1)
    moments: dict[Any, tuple[str, ...]] = {
        MpesaPayment: ("created_at", "push_sent_at", "next_query_at"),
        MpesaOrder: ("created_at", "pay_before", "close_check_at"),
        MpesaAllocation: ("created_at", "next_try_at"),
        MpesaCallback: ("received_at", "next_try_at"),
    }
    for model, names in moments.items():
        model.objects.update(**{name: F(name) - hour for name in names})


def test_terminal_shows_progress_and_summary() -> None:
    new_payment(now=timezone.now())
    new_payment(phone=NO_FUNDS, now=timezone.now())
    age_rows_by_an_hour()
    terminal = Terminal()

    call_command("mpesa_reconcile", stdout=terminal)

    output = terminal.getvalue().split("\r")
    assert output[1] == "1 …"
    assert "2 payments checked (1 completed, 1 failed)" in output[-1]
    assert "overdue orders checked" in output[-1]


def test_without_terminal_summary_is_one_log_line(caplog: pytest.LogCaptureFixture) -> None:
    out = StringIO()

    with caplog.at_level(logging.INFO, logger="oscar_mpesa"):
        call_command("mpesa_reconcile", stdout=out)

    assert [record.getMessage() for record in caplog.records] == ["M-PESA reconcile: nothing was due"]
    assert out.getvalue() == ""


@pytest.mark.usefixtures("broken_receiver")
def test_failed_steps_are_counted_and_fail_the_command(caplog: pytest.LogCaptureFixture) -> None:
    payment = new_payment(now=timezone.now())
    post(payment, success(payment), now=timezone.now())
    age_rows_by_an_hour()

    with caplog.at_level(logging.INFO, logger="oscar_mpesa"), pytest.raises(CommandError, match="1 failed"):
        call_command("mpesa_reconcile", stdout=StringIO())

    assert "0 receipts booked again (1 FAILED)" in caplog.records[-1].getMessage()


def test_loop_ends_on_sigterm() -> None:
    before = signal.getsignal(signal.SIGTERM)
    new_payment(now=timezone.now())
    age_rows_by_an_hour()
    sender = sigterm_soon()
    sender.start()

    call_command("mpesa_reconcile", "--loop", "0.05", stdout=StringIO())
    sender.join()

    assert MpesaPayment.objects.get().status == "completed"
    assert signal.getsignal(signal.SIGTERM) is before


def test_sigterm_ends_loop_after_current_step() -> None:
    for _ in range(3):
        new_payment(now=timezone.now())
    age_rows_by_an_hour()

    @receiver(order_status_changed)
    def stop(**_: Any) -> None:
        signal.raise_signal(signal.SIGTERM)

    try:
        call_command("mpesa_reconcile", "--loop", "60", stdout=StringIO())
    finally:
        order_status_changed.disconnect(stop)

    assert MpesaPayment.objects.filter(status="completed").count() == 1


@pytest.mark.parametrize("pause", ["0", "-1", "soon", "nan", "86400"])
def test_invalid_pause_is_rejected(pause: str) -> None:
    with pytest.raises(CommandError, match=f"--loop: {pause} is not a pause: give seconds, above 0 and below 86400"):
        call_command("mpesa_reconcile", "--loop", pause)


def test_order_of_another_method_is_left_alone() -> None:
    order = new_order(status="Pending")

    call_command("mpesa_reconcile", stdout=StringIO())

    order.refresh_from_db()
    assert order.status == "Pending"


def sigterm_soon() -> threading.Thread:
    """Return a thread that sends SIGTERM to this process a little later, as systemd does."""

    def send() -> None:
        time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    return threading.Thread(target=send)
