"""M-PESA codes: receipt numbers as the SMS and the M-PESA portal show them."""

from __future__ import annotations

import re

from oscar_mpesa.domain.i18n import _

_NUMBER = re.compile(r"(?=.*[A-Z])[A-Z0-9]{10}", re.ASCII)

#: Two wrong or swapped characters are a probable typo. More are a different code.
_MAX_TYPOS = 2


class ReceiptNumberRefused(ValueError):
    """The text is not an M-PESA code. ``sentence`` is for people."""

    sentence = _("An M-PESA code has ten capital letters and digits, such as OD123ABC45.")


def receipt_number(text: str) -> str:
    """Return the M-PESA code that a person typed or pasted, as Safaricom writes it.

    Removes white space and converts to capitals. Raises ``ReceiptNumberRefused`` for anything else.
    """
    number = "".join(text.split()).upper()
    if not _NUMBER.fullmatch(number):
        raise ReceiptNumberRefused(len(number))
    return number


def is_well_formed(number: str) -> bool:
    """Return whether a number has the form in which Safaricom writes its receipt numbers: ten capitals and digits."""
    return bool(_NUMBER.fullmatch(number))


def is_probable_typo(typed: str, actual: str) -> bool:
    """Return whether a typed code differs from Safaricom's in at most two characters."""
    return len(typed) == len(actual) and sum(a != b for a, b in zip(typed, actual, strict=True)) <= _MAX_TYPOS
