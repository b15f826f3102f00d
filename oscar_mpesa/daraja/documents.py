"""Reading JSON that somebody else wrote: whatever it holds, nothing but ``ValueError`` comes of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

#: Digits of a number that is still a code, an id, a date or an amount.
_LONGEST_NUMBER = 30


def read_object(body: bytes) -> dict[str, object]:
    """Return the JSON object in a body, with its numbers exact; raises ``ValueError`` for anything else."""
    try:
        document = json.loads(body.decode("utf-8-sig", "replace"), parse_float=Decimal)
    except (ValueError, RecursionError, InvalidOperation) as error:
        raise ValueError("no JSON") from error
    if not isinstance(document, dict):
        raise ValueError("no JSON object")
    return document


def object_in(document: Mapping[str, object], name: str) -> dict[str, object]:
    """Return the object under a name, empty where there is none; raises ``ValueError`` for another type."""
    found = document.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise ValueError(f"{name} is no object")
    return found


def text_in(document: Mapping[str, object], name: str, *, limit: int) -> str:
    """Return the text or the number under a name as text, empty where there is none.

    Raises ``ValueError`` for another type (true and false included) and for more than ``limit`` characters.
    """
    text = text_of(document.get(name), name)
    if len(text) > limit:
        raise ValueError(f"{name} is too long")
    return text


def text_of(value: object, name: str) -> str:
    """Return a text or a number as clean text; 1032, 1032.0 and "1032" are the same code. Raises ``ValueError``."""
    if value is None:
        return ""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise ValueError(f"{name} is neither text nor number")
    return _number_as_text(Decimal(value), name)


def clean(text: str) -> str:
    """Return the text without what a database refuses: NULs go, lone surrogates become question marks."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8").strip()


def _number_as_text(number: Decimal, name: str) -> str:
    if not number.is_finite() or abs(number.adjusted()) > _LONGEST_NUMBER:
        raise ValueError(f"{name} is no usable number")
    whole = number.to_integral_value()
    return f"{whole:f}" if number == whole else f"{number:f}"
