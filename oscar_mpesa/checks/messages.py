"""An error or a warning with an id of ours."""

from __future__ import annotations

from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as Caution


def error(id_: str, message: str, hint: str) -> CheckMessage:
    """What has to be mended before M-Pesa can work."""
    return Error(message, hint=hint, id=f"oscar_mpesa.{id_}")


def caution(id_: str, message: str, hint: str) -> CheckMessage:
    """What is more likely a mistake than meant."""
    return Caution(message, hint=hint, id=f"oscar_mpesa.{id_}")
