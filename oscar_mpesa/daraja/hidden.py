"""Text and bytes that no ``repr`` shows, so that no report of a crash shows them as local variables."""

from __future__ import annotations

_SHOWN = "<hidden>"


class HiddenText(str):
    """A secret, or a text that contains one or a phone number. Joining or formatting it gives a plain text."""

    __slots__ = ()

    def __repr__(self) -> str:
        return _SHOWN


class HiddenBytes(bytes):
    """A body that contains a secret or a phone number. Cutting or joining it gives plain bytes."""

    def __repr__(self) -> str:
        return _SHOWN
