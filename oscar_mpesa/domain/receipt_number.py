"""M-PESA codes: the receipt numbers of money, as an SMS and the M-PESA portal write them."""

from __future__ import annotations

import re

from oscar_mpesa.domain.i18n import _

_NUMBER = re.compile(r"(?=.*[A-Z])[A-Z0-9]{10}", re.ASCII)


#: A person who copies a code mistakes a letter or swaps two; more is another code.
_TYPOS = 2


class ReceiptNumberRefused(ValueError):
    """This is no M-PESA code; ``sentence`` says it to people."""

    sentence = _("An M-PESA code has ten capital letters and digits, such as OD123ABC45.")


def receipt_number(text: str) -> str:
    """Return an M-PESA code as Safaricom writes it, from what a person typed or pasted.

    Blanks are left out and small letters are taken for capitals; raises ``ReceiptNumberRefused`` for all else.
    """
    number = "".join(text.split()).upper()
    if not _NUMBER.fullmatch(number):
        raise ReceiptNumberRefused(len(number))
    return number


def is_probable_typo(typed: str, told: str) -> bool:
    """A code as a person typed it may be the one that Safaricom tells: it differs in two letters at the most."""
    return len(typed) == len(told) and sum(a != b for a, b in zip(typed, told, strict=True)) <= _TYPOS
