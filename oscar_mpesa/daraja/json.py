"""Read JSON from outside: whatever it holds, nothing but ``DocumentUnreadable`` comes of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from enum import Enum

#: Digits of a number that is still a code, an id, a date or an amount.
_LONGEST_NUMBER = 30


class Fault(str, Enum):
    """Why a document, or one field of it, cannot be read."""

    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    NOT_A_LIST = "not_a_list"
    NOT_TEXT = "not_text"
    NOT_A_NUMBER = "not_a_number"
    TOO_LONG = "too_long"
    MISSING = "missing"

    def __str__(self) -> str:
        return self.value


_IN_WORDS: Mapping[Fault, str] = {
    Fault.NOT_JSON: "is not JSON",
    Fault.NOT_AN_OBJECT: "is not a JSON object",
    Fault.NOT_A_LIST: "is not a list",
    Fault.NOT_TEXT: "is neither text nor number",
    Fault.NOT_A_NUMBER: "is not a usable number",
    Fault.TOO_LONG: "is too long",
    Fault.MISSING: "is missing",
}


class DocumentUnreadable(ValueError):
    """A document from outside cannot be read. ``field`` names the field at fault; its value is never quoted."""

    def __init__(self, fault: Fault, field: str) -> None:
        super().__init__(f"{field} {_IN_WORDS[fault]}")
        self.fault = fault
        self.field = field


def read_object(body: bytes) -> dict[str, object]:
    """Return the JSON object in a body, with its numbers exact; raises ``DocumentUnreadable`` for anything else."""
    try:
        document = json.loads(body.decode("utf-8-sig", "replace"), parse_float=Decimal)
    except (ValueError, RecursionError, InvalidOperation) as error:
        raise DocumentUnreadable(Fault.NOT_JSON, "body") from error
    if not isinstance(document, dict):
        raise DocumentUnreadable(Fault.NOT_AN_OBJECT, "body")
    return document


def object_in(document: Mapping[str, object], name: str) -> dict[str, object]:
    """Return the object under a name, empty where there is none; raises ``DocumentUnreadable`` for another type."""
    found = document.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise DocumentUnreadable(Fault.NOT_AN_OBJECT, name)
    return found


def text_in(document: Mapping[str, object], name: str, *, limit: int) -> str:
    """Return the text or the number under a name as text, empty where there is none.

    Raises ``DocumentUnreadable`` for another type (true and false included) and for more than ``limit`` characters.
    """
    text = text_of(document.get(name), name)
    if len(text) > limit:
        raise DocumentUnreadable(Fault.TOO_LONG, name)
    return text


def text_of(value: object, name: str) -> str:
    """Return a text or a number as clean text; 1032, 1032.0 and "1032" are the same code.

    Raises ``DocumentUnreadable``.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise DocumentUnreadable(Fault.NOT_TEXT, name)
    return _number_as_text(Decimal(value), name)


def clean(text: str) -> str:
    """Return the text without what a database refuses: NULs go, lone surrogates become question marks."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8").strip()


def _number_as_text(number: Decimal, name: str) -> str:
    if not number.is_finite() or abs(number.adjusted()) > _LONGEST_NUMBER:
        raise DocumentUnreadable(Fault.NOT_A_NUMBER, name)
    whole = number.to_integral_value()
    return f"{whole:f}" if number == whole else f"{number:f}"


MAX_ID = 128


MAX_CODE = 64


MAX_DESCRIPTION = 500


def description_in(document: Mapping[str, object], name: str) -> str:
    """Return a description, cut to ``MAX_DESCRIPTION`` characters."""
    return text_of(document.get(name), name)[:MAX_DESCRIPTION]
