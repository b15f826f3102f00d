"""Write emails and signals to a file, so that a test sees those of every process (``EMAIL_FILE_PATH``)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from tests.databases.processes import kill_process


class FileBackend(BaseEmailBackend):
    """Append each email's subject to the file, in one write."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Append the subjects."""
        for message in email_messages:
            _write(str(message.subject))
        return len(email_messages)


class SlowFileBackend(FileBackend):
    """Take two seconds for each email."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Append the subjects after two seconds."""
        time.sleep(2)
        return super().send_messages(email_messages)


class KilledBeforeSending(FileBackend):
    """Kill the process before it sends an email."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Send nothing."""
        kill_process()


class KilledAfterSending(FileBackend):
    """Kill the process after the emails are sent, before the outbox records it."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Send all emails, then kill the process."""
        super().send_messages(email_messages)
        kill_process()


def pack_order(*, order: Any, **_: Any) -> None:
    """Append a line for a paid order, as a shop's receiver of ``order_paid`` would act on it."""
    _write(f"Pack order {order.number}")


def delivered() -> list[str]:
    """Return the lines so far, oldest first: subjects of emails and orders to pack."""
    return _file().read_text(encoding="utf-8").splitlines() if _file().exists() else []


def _write(line: str) -> None:
    with _file().open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


def _file() -> Path:
    return Path(settings.EMAIL_FILE_PATH)  # type: ignore[misc]
