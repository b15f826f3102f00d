"""The interface that stops calls while Safaricom does not answer: a circuit breaker implements it."""

from __future__ import annotations

from typing import Protocol


class Guard(Protocol):
    """Called before and after each HTTP call. ``endpoint`` is ``oauth``, ``push`` or ``query``.

    A *patient* call has its endpoint's whole time limit. Others, as of a page that polls, have less.
    """

    def admit(self, endpoint: str, *, is_patient: bool) -> None:
        """Raise ``DarajaPaused`` if the call should not be made now."""

    def record(self, endpoint: str, *, is_patient: bool, is_answered: bool) -> None:
        """Record whether the call got any answer within its time limit."""


class OpenGuard:
    """Admit every call."""

    def admit(self, endpoint: str, *, is_patient: bool) -> None:
        """Do nothing."""

    def record(self, endpoint: str, *, is_patient: bool, is_answered: bool) -> None:
        """Do nothing."""
