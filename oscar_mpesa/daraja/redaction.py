"""Hide phone numbers and secrets in text, for rows, logs and pages.

A redacted number keeps its last three digits: ``•••149``. Amounts, dates and M-PESA codes are unchanged.
"""

from __future__ import annotations

import json
import logging
import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal

from oscar_mpesa.daraja.json import read_object

#: The most characters of a text in a row or a log.
LIMIT = 200

#: Tokens, passwords, callback secrets and checkout ids are at least this long. Words in messages are shorter.
_LONG_RUN = re.compile(r"[A-Za-z0-9+/=_-]{24,}")
#: Control characters, line breaks of every kind, and marks that change the direction of a text.
_NOT_PRINTED = re.compile(r"[\x00-\x20\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")

#: Characters between digits: spaces, dots, brackets, dashes, invisible characters, and their JSON escapes.
_SEPARATOR = (
    r"(?:[\s.()\[\]\u00ad\u00b7\u200b-\u200f\u2010-\u2015\u202a-\u202e\u2060-\u2064\u2212\ufe58\ufe63\ufeff\uff0d-]"
    r"|\\{1,8}[nrt])"
)
_NUMBER = re.compile(
    # A checkout id without its end.
    r"(?P<checkout>ws_CO_[0-3][0-9][01][0-9]20[0-9]{8}(?=…))"
    # A payer that Safaricom hashed, with SHA-256 or another hash: nine digits can be tried.
    r"|(?<![0-9A-Za-z])(?P<hash>[0-9a-fA-F]{32,128})(?![0-9A-Za-z])"
    # 07…, 01…, +254…, 00254… and 254…, in groups of any length; the country code also twice or after the 0.
    rf"|(?<![0-9])(?:(?:\+|00?)?254(?:{_SEPARATOR}{{0,3}}254)?(?:{_SEPARATOR}{{0,3}}0)?|0)"
    rf"{_SEPARATOR}{{0,3}}[17](?:{_SEPARATOR}{{0,3}}[0-9]){{8}}(?![0-9])"
    # The last nine digits alone, in groups of three.
    rf"|(?<![0-9])(?<![0-9][ .-])[17][0-9]{{2}}{_SEPARATOR}[0-9]{{3}}{_SEPARATOR}[0-9]{{3}}(?![ .-]?[0-9])"
    # Any other run that is long enough to end in a number, as a checkout id does.
    r"|\+?(?<![0-9])[0-9]{9,}"
)
_MOMENT = re.compile(r"20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d[0-5]\d", re.ASCII)
_DATE_AND_HOUR = re.compile(r"[0-3]?\d([-.])[01]?\d\1(?:19|20)\d\d[ -]{1,2}\d\d", re.ASCII)

#: A JSON escape, or two for a character beyond U+FFFF. JSON inside JSON doubles the backslashes.
_ESCAPE = re.compile(r"(?<!\\)\\+u(d[89ab][0-9a-f]{2})\\+u(d[c-f][0-9a-f]{2})|(?<!\\)\\+u([0-9a-f]{4})", re.IGNORECASE)
_NUMBER_PART = re.compile(rf"\d|\+|{_SEPARATOR}")
_NON_ASCII_DIGIT = re.compile(r"(?![0-9])\d")

_CHECKOUT_START = re.compile(r"ws_CO_[0-9]{14}")


def redact(text: str, *, shows_phones: bool = False, secret: str = "") -> str:
    """Return the text without ``secret``, and without phone numbers unless ``shows_phones``.

    Finds numbers in any spelling: grouped, in other scripts' digits, as JSON escapes, at the end of a checkout id.
    A payer that Safaricom hashed becomes ``…``.
    """
    if secret:
        text = text.replace(secret, "…")
    if shows_phones:
        return text
    plain = _NON_ASCII_DIGIT.sub(_ascii_digit, _ESCAPE.sub(_unescaped, text))
    return _NUMBER.sub(_redacted_number, plain)


def redact_body(body: bytes, *, shows_phones: bool, secret: str = "") -> str:
    """Return a raw body as redacted text. Replaces bytes that are not UTF-8."""
    return redact(body.decode("utf-8", "replace"), shows_phones=shows_phones, secret=secret)


def one_line(text: str) -> str:
    """Return the text on one line, without control characters."""
    return _NOT_PRINTED.sub(" ", text).strip()


class OneLineFilter(logging.Filter):
    """Put each text that is logged on one line, because a line break from outside could forge a line of the log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Clean the arguments of the record, and keep it."""
        args = record.args
        if isinstance(args, Mapping):
            record.args = {name: _on_one_line(value) for name, value in args.items()}
        else:
            record.args = tuple(_on_one_line(value) for value in args or ())
        return True


def _on_one_line(value: object) -> object:
    return one_line(value) if isinstance(value, str) else value


#: One instance, because a logger adds an instance only once.
ONE_LINE = OneLineFilter()


def redact_line(text: str) -> str:
    """Return one line of at most 200 characters, without phone numbers, tokens and long secrets."""
    return redact(_LONG_RUN.sub("…", one_line(text)))[:LIMIT]


def redact_json(body: bytes) -> str:
    """Return a JSON body indented, with ``redact_line`` on each key and value. Anything else becomes one line."""
    try:
        return json.dumps(_redact_value(read_object(body)), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return redact_line(body.decode("utf-8", "replace"))


def redact_checkout_id(checkout_request_id: str) -> str:
    """Return the id without its end, which contains the payer's last nine digits."""
    if not checkout_request_id:
        return ""
    start = checkout_request_id[:20]
    return f"{start if _CHECKOUT_START.fullmatch(start) else redact_line(start)}…"


def mask_digits(digits: str) -> str:
    """Return the last three digits of a number as ``•••149``."""
    return f"•••{digits[-3:]}"


def _redacted_number(match: re.Match[str]) -> str:
    text = match.group()
    if match["hash"]:
        return "…"
    if match["checkout"] or _MOMENT.fullmatch(text) or _DATE_AND_HOUR.fullmatch(text):
        return text
    return mask_digits(re.sub(r"[^0-9]", "", text))


def _unescaped(match: re.Match[str]) -> str:
    """Return the escaped character if it can be part of a number, else the escape."""
    units = b"".join(int(unit, 16).to_bytes(2, "big") for unit in match.groups() if unit)
    character = units.decode("utf-16-be", "replace")
    return character if _NUMBER_PART.fullmatch(character) else match.group()


def _ascii_digit(match: re.Match[str]) -> str:
    return str(unicodedata.decimal(match.group()))


def _redact_value(value: object) -> object:
    if isinstance(value, dict):
        return {redact_line(name): _redact_value(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_redact_value(each) for each in value]
    if value is None or isinstance(value, bool):
        return value
    text = redact_line(str(value))
    return value if text == str(value) and not isinstance(value, Decimal) else text
