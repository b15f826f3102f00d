"""Order numbers as people type them."""

from __future__ import annotations


def order_number(text: str) -> str:
    """Return the number without spaces around it and without the # that Oscar's dashboard writes before it."""
    return text.replace("\x00", "").strip().removeprefix("#").lstrip()


def spellings(number: str) -> set[str]:
    """Return the number as typed, in capitals and in small letters. The index finds each of them."""
    return {number, number.upper(), number.lower()}
