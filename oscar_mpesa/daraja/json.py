"""Read untrusted JSON. Every function raises ``DocumentUnreadable`` or nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from enum import Enum

#: The most digits that a code, an id, a date or an amount can have.
_MAX_DIGITS = 30

#: The most characters of ids, codes and descriptions.
MAX_ID, MAX_CODE, MAX_DESCRIPTION = 128, 64, 500


class Fault(str, Enum):
    """Why a document or one of its fields cannot be read."""

    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    NOT_A_LIST = "not_a_list"
    NOT_TEXT = "not_text"
    NOT_A_NUMBER = "not_a_number"
    TOO_LONG = "too_long"
    MISSING = "missing"


_TEXTS: Mapping[Fault, str] = {
    Fault.NOT_JSON: "is not JSON",
    Fault.NOT_AN_OBJECT: "is not a JSON object",
    Fault.NOT_A_LIST: "is not a list",
    Fault.NOT_TEXT: "is neither text nor number",
    Fault.NOT_A_NUMBER: "is not a usable number",
    Fault.TOO_LONG: "is too long",
    Fault.MISSING: "is missing",
}


class DocumentUnreadable(ValueError):
    """An untrusted document cannot be read. ``field`` names the faulty field; the message never quotes its value."""

    def __init__(self, fault: Fault, field: str) -> None:
        super().__init__(f"{field} {_TEXTS[fault]}")
        self.fault = fault
        self.field = field


def read_object(body: bytes) -> dict[str, object]:
    """Return the JSON object in a body, with exact numbers, also if it is JSON inside a JSON string.

    Raises ``DocumentUnreadable`` for anything else.
    """
    try:
        document = unwrap(_loads(body.decode("utf-8-sig", "replace")))
    except (ValueError, RecursionError, InvalidOperation) as error:
        raise DocumentUnreadable(Fault.NOT_JSON, "body") from error
    if not isinstance(document, dict):
        raise DocumentUnreadable(Fault.NOT_AN_OBJECT, "body")
    return document


def unwrap(value: object) -> object:
    """Return what a string with a JSON object or list contains, and any other value unchanged."""
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")):
        return value
    try:
        return _loads(value)
    except (ValueError, RecursionError, InvalidOperation):
        return value


def _loads(text: str) -> object:
    document: object = json.loads(text, parse_float=Decimal)
    return document


def object_in(document: Mapping[str, object], name: str) -> dict[str, object]:
    """Return the object under a name, also from a JSON string, empty if there is none.

    Raises ``DocumentUnreadable`` for another type.
    """
    value = unwrap(document.get(name))
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise DocumentUnreadable(Fault.NOT_AN_OBJECT, name)
    return value


def text_in(document: Mapping[str, object], name: str, *, limit: int) -> str:
    """Return the text or number under a name as text, empty if there is none.

    Raises ``DocumentUnreadable`` for another type, including booleans, and for more than ``limit`` characters.
    """
    text = text_of(document.get(name), name)
    if len(text) > limit:
        raise DocumentUnreadable(Fault.TOO_LONG, name)
    return text


def text_of(value: object, name: str) -> str:
    """Return a text or number as clean text: 1032, 1032.0 and "1032" all give "1032".

    Raises ``DocumentUnreadable`` for another type.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise DocumentUnreadable(Fault.NOT_TEXT, name)
    return _number_as_text(Decimal(value), name)


def clean(text: str) -> str:
    """Return the text without what databases refuse. Removes NULs; lone surrogates become question marks."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8").strip()


def _number_as_text(number: Decimal, name: str) -> str:
    if not number.is_finite() or abs(number.adjusted()) > _MAX_DIGITS:
        raise DocumentUnreadable(Fault.NOT_A_NUMBER, name)
    whole = number.to_integral_value()
    return f"{whole:f}" if number == whole else f"{number:f}"


def description_in(document: Mapping[str, object], name: str) -> str:
    """Return a description, cut to ``MAX_DESCRIPTION`` characters."""
    return text_of(document.get(name), name)[:MAX_DESCRIPTION]
