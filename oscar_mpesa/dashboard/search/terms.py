"""What a search term can be. Everything here is a pure function of the text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from oscar_mpesa.domain.phone import PhoneNumber, PhoneRefused, without_punctuation
from oscar_mpesa.domain.receipt_number import ReceiptNumberRefused, receipt_number

#: The longest text that is searched for: two long SMS.
LONGEST = 500

_NOT_IN_CODES = re.compile(r"[\s.,;:!?#'\"()\[\]_/\\-]+")

#: A code as Safaricom writes it in an SMS: ten capitals and digits, with at least two of each.
_IN_TEXT = re.compile(r"(?<![A-Z0-9])(?=[A-Z]*[0-9][A-Z]*[0-9])(?=[0-9]*[A-Z][0-9]*[A-Z])[A-Z0-9]{10}(?![A-Z0-9])")

_LAST_DIGITS = re.compile(r"[0-9]{3,9}")
_MASKED = re.compile(r"(0[71][0-9]{2})[•*x.]{3}([0-9]{3})")


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskedPhone:
    """A phone as pages print it, ``0712 •••678``: how its number starts (``254712``) and its last three digits."""

    start: str
    end: str


def cleaned(text: str) -> str:
    """Return the text with single spaces and without NUL characters, at most 500 characters."""
    return " ".join(text.replace("\x00", "").split())[:LONGEST]


def code_of(term: str) -> str:
    """Return the M-PESA code in a term, "" if there is none: a code with any punctuation, or one in a pasted SMS."""
    try:
        return receipt_number(_NOT_IN_CODES.sub("", term))
    except ReceiptNumberRefused:
        found = _IN_TEXT.search(term)
        return found.group() if found else ""


def is_message(term: str) -> bool:
    """Return whether the term is a pasted message with a code, so that its other words are no names."""
    return len(term.split()) > _MOST_WORDS and bool(_IN_TEXT.search(term))


def phone_of(term: str) -> PhoneNumber | None:
    """Return the phone that a term spells, None for anything else."""
    try:
        return PhoneNumber.parse(term)
    except PhoneRefused:
        return None


def last_digits_of(term: str) -> str:
    """Return the three to nine digits that a term consists of; "" for anything else."""
    digits = without_punctuation(term)
    return digits if _LAST_DIGITS.fullmatch(digits) else ""


def masked_phone_of(term: str) -> MaskedPhone | None:
    """Return the phone that a term shows as pages mask it, None for anything else."""
    found = _MASKED.fullmatch("".join(term.split()))
    return MaskedPhone(start=f"254{found.group(1)[1:]}", end=found.group(2)) if found else None


def words_of(term: str) -> list[str]:
    """Return an email as one word, and the first four words of a name."""
    return [term] if "@" in term else term.split()[:_MOST_WORDS]


_MOST_WORDS = 4
