"""Turn Daraja's error replies into exceptions, by a closed table.

Sources: the portal's error pages, and integrators' reports where the message decides what a code means.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from oscar_mpesa.daraja.exceptions import (
    AmountRefused,
    DarajaBlocked,
    DarajaBusy,
    DarajaError,
    DarajaMisconfigured,
    DarajaRefused,
    DarajaUnreadable,
    KeysRejected,
    NumberRefused,
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
#: Imperva's page, which stands before Safaricom's API. It comes with 403, and also with 503 or 200.
_FIREWALL_PAGE = re.compile(rb"incapsula|incident id", re.IGNORECASE)
_WRONG_KEYS = "Safaricom refuses the consumer key and secret, or they belong to the other environment"
_WRONG_ADDRESS = "Safaricom has no OAuth at this address; BASE_URL or ENVIRONMENT is wrong"

_DEFAULT_MESSAGES: dict[type[DarajaError], str] = {
    TokenRejected: "Safaricom refused the token",
    DarajaBlocked: _BLOCKED,
}

#: Safaricom's words in a reply to a query, in several envelopes, for: no result yet.
BEING_PROCESSED = r"(being|under|still|still under) process"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    code: str
    message: str = ""
    error: type[DarajaError]

    def matches(self, code: str, message: str) -> bool:
        return bool(re.fullmatch(self.code, code) and re.search(self.message, message, re.IGNORECASE))


#: The set-up's fields: neither the shopper nor the amount can be the reason.
_SETUP_FIELDS = (
    r"call\s?back|short\s?code|party\s?b|time\s?stamp|transaction\s?(type|desc)|account\s?reference|authentication"
)

#: The first matching row counts. Without a match, the reply proves nothing.
_TABLE = (
    _Row(code=r"404\.001\.03|400\.003\.01|401\.002\.01", error=TokenRejected),
    _Row(code=r"401\.003\.01", error=ProductMissing),
    _Row(code=r"400\.002\.02", message="password", error=PasskeyRejected),
    _Row(code=r"400\.002\.02", message=_SETUP_FIELDS, error=DarajaMisconfigured),
    _Row(code=r"400\.002\.02", message=r"phone\s?number|party\s?a\b|msisdn", error=NumberRefused),
    _Row(code=r"400\.002\.02", message=r"amount", error=AmountRefused),
    _Row(code=r"400\.002\.02", message=r"invalid\s+\w", error=DarajaMisconfigured),
    # A bad header or grant type, a wrong path or method.
    _Row(code=r"400\.008\..+|404\.00[12]\.01|404\.001\.04|405\..+", error=DarajaMisconfigured),
    _Row(code=r"500\.001\.1001", message="merchant does not exist", error=ShortcodeRejected),
    _Row(code=r"500\.001\.1001", message="wrong credentials", error=PasskeyRejected),
    _Row(code=r"500\.001\.1001", message="unable to lock|already in process", error=DarajaBusy),
    _Row(code=r"500\.003\.0[23]", error=DarajaBusy),
    _Row(code=r"40[04]\..+", error=DarajaRefused),
    # Faults of Safaricom's gateway, under ``fault.detail.errorcode``. It executed nothing.
    _Row(code=r"messaging\.adaptors\.http\.flow\.ApplicationNotFound", error=DarajaMisconfigured),
    _Row(code=r"keymanagement\.service\.InvalidAPICallAsNoApiProductMatchFound", error=ProductMissing),
    _Row(code=r"(steps\.)?oauth\.v2\.InvalidClient\w*", error=KeysRejected),
)

#: Replies to a query that mean: no result yet, or the push is not known yet. The code and message of each.
_PENDING = (
    (r"4999|4002|103", ""),
    (r"400\.002\.02", r"\A(?!.*(password|short\s?code|time\s?stamp))"),
    (r"500\.001\.1001", r"(?<!merchant )does not exist"),
    (r".*", BEING_PROCESSED),
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
    """Read an OAuth reply like ``read_reply``. OAuth refuses wrong keys with a 400 or 401 without a reason."""
    document = _document_in(response)
    has_reason = bool(document) or _is_firewall_page(response, document)
    if response.status in {400, 401} and not has_reason:
        raise KeysRejected(_WRONG_KEYS, http_status=response.status)
    if response.status == 404:
        raise DarajaMisconfigured(_WRONG_ADDRESS, http_status=response.status)
    return read_reply(response, read)


def is_pending(error: DarajaError) -> bool:
    """Return whether a query's error means: keep waiting."""
    return any(
        re.fullmatch(code, error.error_code) and re.search(message, error.message, re.IGNORECASE)
        for code, message in _PENDING
    )


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
    known = next((row.error for row in _TABLE if row.matches(code, message)), None)
    error = known or (DarajaUnreadable if "errorCode" in document else _error_by_status(response, document))
    if error is None:
        return None
    default = _DEFAULT_MESSAGES.get(error, f"HTTP {status} without a readable reply")
    return error(message or default, http_status=status, error_code=code)


def _error_by_status(response: Response, document: Mapping[str, object]) -> type[DarajaError] | None:
    """Return the error of a reply without an errorCode, None if it has none."""
    if response.status == 401:
        return TokenRejected
    if response.status == 403 or _is_firewall_page(response, document):
        return DarajaBlocked
    if "fault" in document:
        # With these the gateway found nothing to pass the request on to.
        return DarajaMisconfigured if response.status in {404, 405} else DarajaUnreadable
    return None if document and 200 <= response.status < 300 else DarajaUnreadable


def _is_firewall_page(response: Response, document: Mapping[str, object]) -> bool:
    return not document and bool(_FIREWALL_PAGE.search(response.body))


def _code_and_message(document: Mapping[str, object]) -> tuple[str, str]:
    """Return the errorCode and message, or those of a fault of Safaricom's gateway."""
    try:
        fault = object_in(document, "fault")
        code = text_in(document, "errorCode", limit=_LIMIT) or text_in(
            object_in(fault, "detail"), "errorcode", limit=_LIMIT
        )
        return code, text_in(document, "errorMessage", limit=_LIMIT) or text_in(fault, "faultstring", limit=_LIMIT)
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
