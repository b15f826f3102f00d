"""Build the messages of our system checks."""

from __future__ import annotations

from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning


def error(id_: str, message: str, hint: str) -> CheckMessage:
    """Build an error: M-PESA does not work until it is fixed."""
    return Error(message, hint=hint, id=f"oscar_mpesa.{id_}")


def warning(id_: str, message: str, hint: str) -> CheckMessage:
    """Build a warning: probably a mistake."""
    return CheckWarning(message, hint=hint, id=f"oscar_mpesa.{id_}")


def as_warning(message: CheckMessage) -> CheckMessage:
    """Return an error as a warning with the same id and words, and any other message unchanged."""
    return CheckWarning(message.msg, hint=message.hint, id=message.id) if message.is_serious() else message
