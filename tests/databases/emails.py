"""What the shop's people are told, seen from every process: a line for each in a file, ``EMAIL_FILE_PATH``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from tests.databases.processes import die


class Letterbox(BaseEmailBackend):
    """Delivers to the file, one write a mail."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write the subjects down."""
        for message in email_messages:
            _write(str(message.subject))
        return len(email_messages)


class DiesBeforeSending(Letterbox):
    """The process is killed as soon as it takes up a mail."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Send none."""
        die()


class DiesAfterSending(Letterbox):
    """The process is killed when the mail server has the mail, and before anybody could write that down."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Send them all, and return to nobody."""
        super().send_messages(email_messages)
        die()


def tell_the_shop(*, order: Any, **_: Any) -> None:
    """For ``order_paid``: what the shop's own code does with it."""
    _write(f"Pack order {order.number}")


def delivered() -> list[str]:
    """The subjects of all mails so far, and what the shop was told, oldest first."""
    return _box().read_text(encoding="utf-8").splitlines() if _box().exists() else []


def _write(line: str) -> None:
    with _box().open("a", encoding="utf-8") as box:
        box.write(f"{line}\n")


def _box() -> Path:
    return Path(settings.EMAIL_FILE_PATH)  # type: ignore[misc]
