"""What an answer that is no success proves: the closed table of Daraja's errors.

Source: the portal's error pages, and integrators where one code has several meanings told apart by its message.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from oscar_mpesa.daraja.exceptions import (
    DarajaBusy,
    DarajaError,
    DarajaMisconfigured,
    DarajaRefused,
    DarajaUnreadable,
    PasskeyRejected,
    ProductMissing,
    ShortcodeRejected,
    TokenRejected,
)
from oscar_mpesa.daraja.json import object_in, read_object, text_in
from oscar_mpesa.daraja.transport import Response

T = TypeVar("T")

_TEXT = 2000
_BLOCKED = "Safaricom's firewall blocks this server's address; ask Safaricom to allow it"
_WRONG_KEYS = "Safaricom refuses the consumer key and secret, or they belong to the other environment"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    code: str
    message: str = ""
    error: type[DarajaError]

    def fits(self, code: str, message: str) -> bool:
        return bool(re.fullmatch(self.code, code) and re.search(self.message, message, re.IGNORECASE))


#: The first row that fits counts; what fits no row proves nothing.
_TABLE = (
    _Row(code=r"404\.001\.03|400\.003\.01|401\.002\.01", error=TokenRejected),
    _Row(code=r"401\.003\.01", error=ProductMissing),
    _Row(code=r"404\.001\.01", error=DarajaMisconfigured),
    _Row(code=r"400\.002\.02", message="password", error=PasskeyRejected),
    _Row(
        code=r"400\.002\.02",
        message=r"call\s?back|short\s?code|party\s?b|timestamp|transaction\s?type",
        error=DarajaMisconfigured,
    ),
    _Row(code=r"500\.001\.1001", message="merchant does not exist", error=ShortcodeRejected),
    _Row(code=r"500\.001\.1001", message="wrong credentials", error=PasskeyRejected),
    _Row(code=r"500\.001\.1001", message="unable to lock|already in process", error=DarajaBusy),
    _Row(code=r"500\.003\.0[23]", error=DarajaBusy),
    _Row(code=r"40[04]\..+", error=DarajaRefused),
)

#: In the answer to a query: Safaricom has no result yet, or does not know the prompt yet.
_PENDING = (
    _Row(code=r"400\.002\.02", error=DarajaRefused),
    _Row(code=r"500\.001\.1001", message="being processed|does not exist", error=DarajaUnreadable),
)


def read_answer(response: Response, read: Callable[[Mapping[str, object]], T]) -> T:
    """Return what ``read`` makes of a good answer; raises the ``DarajaError`` that any other one proves."""
    document = _document_in(response)
    error = _error_in(response, document)
    if error is not None:
        raise error
    try:
        return read(document)
    except ValueError as problem:
        raise DarajaUnreadable(str(problem), http_status=response.status) from problem


def read_token_answer(response: Response, read: Callable[[Mapping[str, object]], T]) -> T:
    """As ``read_answer`` for OAuth, which refuses wrong keys with an empty 400."""
    if response.status in {400, 401, 404}:
        raise DarajaMisconfigured(_WRONG_KEYS, http_status=response.status)
    return read_answer(response, read)


def is_pending(error: DarajaError) -> bool:
    """Tell whether a query's error means: keep waiting."""
    return any(type(error) is row.error and row.fits(error.error_code, error.message) for row in _PENDING)


def _document_in(response: Response) -> dict[str, object]:
    try:
        return read_object(response.body)
    except ValueError:
        return {}


def _error_in(response: Response, document: Mapping[str, object]) -> DarajaError | None:
    """The error that an answer states, None for an answer to be read on."""
    code, message = _words_in(document)
    status = response.status
    if status == 429 or _is_rate_limit(document):
        return DarajaBusy(message, http_status=status, error_code=code, retry_after=_retry_after(response))
    if code:
        return _stated(code, message, status)
    if status == 401:
        return TokenRejected("Safaricom refused the token", http_status=status)
    if status == 403:
        return DarajaUnreadable(_BLOCKED, http_status=status)
    if not document or not 200 <= status < 300:
        return DarajaUnreadable(f"HTTP {status} without a readable answer", http_status=status)
    return None


def _stated(code: str, message: str, status: int) -> DarajaError:
    error = next((row.error for row in _TABLE if row.fits(code, message)), DarajaUnreadable)
    return error(message, http_status=status, error_code=code)


def _words_in(document: Mapping[str, object]) -> tuple[str, str]:
    """Safaricom's code and message; those of its gateway have no code."""
    try:
        fault = text_in(object_in(document, "fault"), "faultstring", limit=_TEXT)
        return text_in(document, "errorCode", limit=_TEXT), text_in(document, "errorMessage", limit=_TEXT) or fault
    except ValueError:
        return "", ""


def _is_rate_limit(document: Mapping[str, object]) -> bool:
    """The gateway's own refusal, which it also sends with HTTP 500: the request went no further."""
    fault = document.get("fault")
    return isinstance(fault, dict) and bool(re.search("spike arrest|quota|rate limit", str(fault), re.IGNORECASE))


def _retry_after(response: Response) -> int | None:
    """Whole seconds, at most an hour; a date is left unread."""
    told = next((value for name, value in response.headers.items() if name.lower() == "retry-after"), "").strip()
    return min(int(told), 3600) if re.fullmatch("[0-9]{1,9}", told) else None
