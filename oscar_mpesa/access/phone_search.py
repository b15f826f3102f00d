"""What staff without ``view_full_phone`` can search: what they see, so the last three digits of a phone."""

from __future__ import annotations

import re
from collections.abc import Iterable

from oscar_mpesa.daraja.redaction import redact
from oscar_mpesa.domain.phone import without_punctuation

#: More digits than a masked number shows.
_HIDDEN_DIGITS = re.compile(r"\+?[0-9]{4,}")


def is_hidden_number(term: str) -> bool:
    """Return whether a search term is a phone, more than three digits of one, or a text that contains one.

    An order number can look like this too.
    """
    return bool(_HIDDEN_DIGITS.fullmatch(without_punctuation(term))) or redact(term) != term


def is_shown(words: Iterable[str], texts: Iterable[str]) -> bool:
    """Return whether masked texts still contain all words that have a digit, in any case.

    Each word must be in one of the texts. Words without a digit say nothing of a number.
    """
    masked = [redact(text).casefold() for text in texts]
    numbers = [word.casefold() for word in words if any(char.isdigit() for char in word)]
    return all(any(number in text for text in masked) for number in numbers)
