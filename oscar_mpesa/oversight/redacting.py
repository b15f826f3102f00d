"""What of raw words from outside people may read who may not see phone numbers in full."""

from __future__ import annotations

import re

#: A run that may hold a number, or a number as people write it. Checkout ids end in the payer's.
_NUMBERS = re.compile(r"(?<!\d)\d{9,}(?!\d)|(?<!\d)(?:\+?254|0)[ -]?[17]\d{2}[ -]?\d{3}[ -]?\d{3}(?!\d)")
_MOMENT = re.compile(r"20\d{12}", re.ASCII)
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")


def redacted(text: str, *, shows_phones: bool, secret: str = "") -> str:
    """The text without a payment's secret and, unless phones are shown, without the phone numbers in it.

    Moments of 14 digits stay; of all other long numbers the last three digits stay.
    """
    if secret:
        text = text.replace(secret, "…")
    if shows_phones:
        return text
    return _NUMBERS.sub(_masked, _ESCAPED.sub(_plain_digit, text))


def readable(body: bytes, *, shows_phones: bool, secret: str = "") -> str:
    """A raw body as text, redacted."""
    return redacted(body.decode("utf-8", "replace"), shows_phones=shows_phones, secret=secret)


def _masked(found: re.Match[str]) -> str:
    text = found.group()
    return text if _MOMENT.fullmatch(text) else f"•••{text[-3:]}"


def _plain_digit(found: re.Match[str]) -> str:
    """Digits may be written as escapes, which a reader of JSON reads as digits."""
    letter = chr(int(found.group(1), 16))
    return letter if letter.isdigit() else found.group()
