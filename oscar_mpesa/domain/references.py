"""Make of an order's number what Safaricom accepts and shows in the prompt and on its statements."""

from __future__ import annotations

import re
from functools import reduce
from hashlib import sha256

_REFERENCE_LENGTH = 12
_DESCRIPTION_LENGTH = 13
_NOT_ALLOWED = re.compile(r"[^A-Za-z0-9]")

#: The most that fits before the check character, and what a longer number keeps of its end.
_BODY_LENGTH, _END_LENGTH = _REFERENCE_LENGTH - 1, 6

_CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SHORT_NUMBER = re.compile(rf"[0-9A-Z]{{1,{_BODY_LENGTH}}}")

#: The base 32 of Crockford: without I, L, O and U, which look like other characters or form words.
_HASH_CHARACTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

#: The products of the four elements of GF(4) with a generator.
_QUARTERS = (0, 2, 3, 1)


def account_reference(order_number: str) -> str:
    """Return the AccountReference: at most 12 digits and capital letters, the last of which is a check character.

    A number of at most 11 digits and capital letters stands in it as it is. Of any other number it has the last six
    letters and digits, and a hash of the whole number, so that numbers that look alike get different references.
    """
    body = order_number if _SHORT_NUMBER.fullmatch(order_number) else _hashed(order_number)
    return body + check_character(body)


def order_number_of(reference: str) -> str:
    """Return the order number in a reference as people type it, in capitals or not; "" if there is none.

    A reference with a hash has none, and looks like one with a number that no order has.
    """
    body, check = reference.upper()[:-1], reference.upper()[-1:]
    return body if _SHORT_NUMBER.fullmatch(body) and check == check_character(body) else ""


def check_character(text: str) -> str:
    """Return the character that makes a wrong character, or two that change places, show. Accepts ``_CHARACTERS``.

    A character is a pair of elements of GF(4) and GF(9), and its weight depends on its place. ISO 7064's MOD 37,36
    misses one in 630 swaps of neighbors, such as 89 for 98.
    """
    quarter, x, y = _times_generator(reduce(_add, (_CHARACTERS.index(char) for char in text), (0, 0, 0)))
    return _CHARACTERS[9 * quarter + 3 * (-x % 3) + -y % 3]


def description(order_number: str) -> str:
    """Return the TransactionDesc: at most 13 letters, digits and spaces, never empty, such as ``Order 100042``."""
    number = _alphanumeric(order_number)
    text = f"Order {number}".rstrip()
    return text if len(text) <= _DESCRIPTION_LENGTH else number[-_DESCRIPTION_LENGTH:]


def _add(total: tuple[int, int, int], value: int) -> tuple[int, int, int]:
    quarter, x, y = _times_generator(total)
    return quarter ^ value // 9, (x + value // 3) % 3, (y + value) % 3


def _times_generator(total: tuple[int, int, int]) -> tuple[int, int, int]:
    """Multiply by a generator of GF(4), and by one of GF(9): ``(xi + y)(i + 1)``, where ``i * i`` is -1."""
    quarter, x, y = total
    return _QUARTERS[quarter], (x + y) % 3, (y - x) % 3


def _hashed(order_number: str) -> str:
    end = _alphanumeric(order_number)[-_END_LENGTH:].upper()
    digest = sha256(order_number.encode("utf-8", "surrogatepass")).digest()
    return end + "".join(_HASH_CHARACTERS[byte % 32] for byte in digest[: _BODY_LENGTH - len(end)])


def _alphanumeric(order_number: str) -> str:
    return _NOT_ALLOWED.sub("", order_number)
