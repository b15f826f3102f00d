"""Bound the time that emails take: a time limit for each, and a breaker for a mail server that does not answer."""

from __future__ import annotations

import smtplib
import threading
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import get_connection

#: Seconds that an email may wait for the mail server at each step, without ``EMAIL_TIMEOUT`` and at most.
DEFAULT_TIMEOUT, LONGEST_TIMEOUT = 10, 30

#: After the mail server did not answer, this process tries no email for this long.
BREAKER_PAUSE = timedelta(minutes=1)

#: The errors of ``smtplib`` that say that the server is out of reach. Its other errors are answers of the server.
UNREACHABLE = (smtplib.SMTPConnectError, smtplib.SMTPServerDisconnected)


def mail_connection() -> Any:
    """Return an email backend with a time limit, also where ``EMAIL_TIMEOUT`` is unset.

    A backend that accepts no ``timeout`` is returned as the shop configured it.
    """
    timeout = min(settings.EMAIL_TIMEOUT or DEFAULT_TIMEOUT, LONGEST_TIMEOUT)
    try:
        return get_connection(timeout=timeout)
    except TypeError:
        return get_connection()


def is_unreachable(error: Exception) -> bool:
    """Return whether the mail server could not be reached or did not answer in time."""
    return isinstance(error, UNREACHABLE) or (
        isinstance(error, OSError) and not isinstance(error, smtplib.SMTPException)
    )


class MailBreaker:
    """Stop trying emails for a minute after one could not reach the server. Thread-safe.

    After the minute, one email is tried first. The others wait for its result, for another minute at most.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._retry_at: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        """Return whether no email may be tried at this moment."""
        with self._lock:
            return self._retry_at is not None and now < self._retry_at

    def may_try(self, now: datetime) -> bool:
        """Return whether the caller may try an email; after a pause, only the first caller may."""
        with self._lock:
            if self._retry_at is None:
                return True
            if now < self._retry_at:
                return False
            self._retry_at = now + BREAKER_PAUSE
            return True

    def open(self, now: datetime) -> None:
        """Record that an email could not reach the server."""
        with self._lock:
            self._retry_at = now + BREAKER_PAUSE

    def close(self) -> None:
        """Record that an email reached the server."""
        with self._lock:
            self._retry_at = None

    def pass_on(self, now: datetime) -> None:
        """Record that an allowed try ended before it reached the server: the next email may be tried at once."""
        with self._lock:
            if self._retry_at is not None:
                self._retry_at = now


#: The breaker of this process.
breaker = MailBreaker()
