"""An order's number as people type it."""

from __future__ import annotations


def order_number(text: str) -> str:
    """Without blanks around it, and without the number sign that Oscar's dashboard writes before it."""
    return text.replace("\x00", "").strip().removeprefix("#").lstrip()


def spellings(number: str) -> set[str]:
    """As it was typed, and in capitals and small letters: each of them is found by its index."""
    return {number, number.upper(), number.lower()}
