"""Turn Daraja's error replies into exceptions, by a closed table.

Sources: the portal's error pages, and integrators' reports where the message decides what a code means.
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

_LIMIT = 2000
_BLOCKED = "Safaricom's firewall blocks this server's address; ask Safaricom to allow it"
_WRONG_KEYS = "Safaricom refuses the consumer key and secret, or they belong to the other environment"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    code: str
    message: str = ""
    error: type[DarajaError]

    def matches(self, code: str, message: str) -> bool:
        return bool(re.fullmatch(self.code, code) and re.search(self.message, message, re.IGNORECASE))


#: The first matching row counts. Without a match, the reply proves nothing.
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

#: Replies to a query that mean: no result yet, or the push is not known yet.
_PENDING = (
    _Row(code=r"400\.002\.02", error=DarajaRefused),
    _Row(code=r"500\.001\.1001", message="being processed|does not exist", error=DarajaUnreadable),
)


def read_reply(response: Response, read: Callable[[Mapping[str, object]], T]) -> T:
    """Return what ``read`` makes of a good reply. Raises the matching ``DarajaError`` for any other reply."""
    document = _document_in(response)
    error = _error_in(response, document)
    if error is not None:
        raise error
    try:
        return read(document)
    except ValueError as problem:
        raise DarajaUnreadable(str(problem), http_status=response.status) from problem


def read_token_reply(response: Response, read: Callable[[Mapping[str, object]], T]) -> T:
    """Read an OAuth reply like ``read_reply``. OAuth refuses wrong keys with an empty 400."""
    if response.status in {400, 401, 404}:
        raise DarajaMisconfigured(_WRONG_KEYS, http_status=response.status)
    return read_reply(response, read)


def is_pending(error: DarajaError) -> bool:
    """Return whether a query's error means: keep waiting."""
    return any(type(error) is row.error and row.matches(error.error_code, error.message) for row in _PENDING)


def _document_in(response: Response) -> dict[str, object]:
    try:
        return read_object(response.body)
    except ValueError:
        return {}


def _error_in(response: Response, document: Mapping[str, object]) -> DarajaError | None:
    """Return the reply's error, None if it has none."""
    code, message = _code_and_message(document)
    status = response.status
    if status == 429 or _is_rate_limit(document):
        return DarajaBusy(message, http_status=status, error_code=code, retry_after=_retry_after(response))
    if code:
        return _error_from_table(code, message, status)
    if status == 401:
        return TokenRejected("Safaricom refused the token", http_status=status)
    if status == 403:
        return DarajaUnreadable(_BLOCKED, http_status=status)
    if not document or not 200 <= status < 300:
        return DarajaUnreadable(f"HTTP {status} without a readable reply", http_status=status)
    return None


def _error_from_table(code: str, message: str, status: int) -> DarajaError:
    error = next((row.error for row in _TABLE if row.matches(code, message)), DarajaUnreadable)
    return error(message, http_status=status, error_code=code)


def _code_and_message(document: Mapping[str, object]) -> tuple[str, str]:
    """Return the errorCode and message. Errors of Safaricom's gateway have no code."""
    try:
        fault = text_in(object_in(document, "fault"), "faultstring", limit=_LIMIT)
        return text_in(document, "errorCode", limit=_LIMIT), text_in(document, "errorMessage", limit=_LIMIT) or fault
    except ValueError:
        return "", ""


def _is_rate_limit(document: Mapping[str, object]) -> bool:
    """Return whether the gateway refused the request. It also does so with HTTP 500, before executing anything."""
    fault = document.get("fault")
    return isinstance(fault, dict) and bool(re.search("spike arrest|quota|rate limit", str(fault), re.IGNORECASE))


def _retry_after(response: Response) -> int | None:
    """Return the header's whole seconds, at most an hour; None for a date."""
    seconds = next((value for name, value in response.headers.items() if name.lower() == "retry-after"), "").strip()
    return min(int(seconds), 3600) if re.fullmatch("[0-9]{1,9}", seconds) else None
