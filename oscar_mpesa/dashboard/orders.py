"""Order numbers as people type them."""

from __future__ import annotations

from oscar_mpesa.domain.references import order_number_of


def order_number(text: str) -> str:
    """Return the number without spaces around it and without the # that Oscar's dashboard writes before it."""
    return text.replace("\x00", "").strip().removeprefix("#").lstrip()


def spellings(number: str) -> set[str]:
    """Return the number as typed, in capitals and in small letters. The index finds each of them."""
    return {number, number.upper(), number.lower()}


def searched_numbers(text: str) -> set[str]:
    """Return the order numbers to search for: the typed one, and the one in an account number of a statement."""
    number = order_number(text)
    return spellings(number) | {each for each in (order_number_of(number),) if each}
