"""Keep the demo's emails as files, and read them for its page of emails."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage as ParsedMessage
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

#: The emails that are kept, newest first, and those that the page shows.
MOST_KEPT, MOST_SHOWN = 200, 30


class MailboxBackend(BaseEmailBackend):
    """Write each email to a file in ``settings.MAILBOX`` instead of sending it. Deletes the oldest above 200."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Keep the emails. Returns their number."""
        folder = Path(settings.MAILBOX)
        folder.mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            name = f"{timezone.now():%Y%m%d-%H%M%S-%f}"
            part = folder / f"{name}.part"
            part.write_bytes(message.message().as_bytes())
            part.rename(folder / f"{name}.eml")
        for old in _files()[MOST_KEPT:]:
            old.unlink(missing_ok=True)
        return len(email_messages)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEmail:
    """An email as the page shows it. ``name`` is its file's, without the suffix."""

    name: str
    subject: str
    to: str
    sent_at: datetime
    text: str
    html: str


def is_readable() -> bool:
    """Return whether this shop keeps its emails and shows them to everybody: with ``DEBUG`` only."""
    return bool(settings.DEBUG) and f"{__name__}.{MailboxBackend.__name__}" == settings.EMAIL_BACKEND


def stored_emails() -> list[StoredEmail]:
    """Return the newest emails, the last one first."""
    return [_read(path) for path in _files()[:MOST_SHOWN]]


def find_email(name: str) -> StoredEmail | None:
    """Return the email with this name, or None."""
    return next((_read(path) for path in _files() if path.stem == name), None)


def _files() -> list[Path]:
    return sorted(Path(settings.MAILBOX).glob("*.eml"), reverse=True)


def _read(path: Path) -> StoredEmail:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    return StoredEmail(
        name=path.stem,
        subject=str(message["Subject"] or ""),
        to=str(message["To"] or ""),
        sent_at=datetime.fromtimestamp(path.stat().st_mtime, tz=timezone.get_default_timezone()),
        text=_body(message, "plain"),
        html=_body(message, "html"),
    )


def _body(message: ParsedMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()) if part is not None else ""
