"""Parse and format Kenyan mobile numbers."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from oscar_mpesa.domain.i18n import _

__all__ = ["PhoneNumber", "PhoneRefused"]

#: The national part of a mobile number. Numbers are portable, so only the first digit is checked.
_MOBILE = re.compile(r"[71][0-9]{8}")
_MSISDN = re.compile(r"254[71][0-9]{8}")
_DIGITS = re.compile(r"\+?[0-9]+")

#: Characters between digits. Unicode categories cover dashes and invisible characters.
_SEPARATORS = frozenset(" \t\r\n.()[]\u2212\u00b7")
_SEPARATOR_CATEGORIES = frozenset({"Pd", "Cf", "Zs"})

_SHORTEST_LANDLINE = 7
_NATIONAL_LENGTH = 9

_SENTENCES = {
    "empty": _("Enter the M-PESA phone number."),
    "not_digits": _("A phone number has digits only, for example 0712 345 678."),
    "short": _("This number has too few digits. A Safaricom number looks like 0712 345 678."),
    "long": _("This number has too many digits. A Safaricom number looks like 0712 345 678."),
    "foreign": _(
        "This isn't a Kenyan number. Enter a Safaricom number from Kenya, for example of family who will pay for you."
    ),
    "landline": _("This looks like a landline. Enter a Safaricom mobile number, for example 0712 345 678."),
    "not_mobile": _("This isn't a mobile number. Enter a Safaricom number, for example 0712 345 678."),
}

#: Prefixes after the 0 that other networks issued. A number may have moved to Safaricom since.
_OTHER_NETWORKS = (
    ("Airtel", re.compile(r"73|75[0-6]|762|78|10[0-8]")),
    ("Telkom", re.compile(r"77")),
)


class PhoneRefused(ValueError):
    """M-PESA cannot send a prompt to this text. ``reason`` is for code, ``sentence`` for people.

    Neither contains the number, so the error can be logged.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sentence = _SENTENCES[reason]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PhoneNumber:
    """A Kenyan mobile number as ``2547XXXXXXXX`` or ``2541XXXXXXXX``. Its ``str`` and ``repr`` are masked."""

    msisdn: str

    def __post_init__(self) -> None:
        if not _MSISDN.fullmatch(self.msisdn):
            raise PhoneRefused("not_mobile")

    @classmethod
    def parse(cls, text: str) -> PhoneNumber:
        """Parse a number as people type it: 07…, 01…, 7…, 1…, +254…, 254…, 00254…, with any usual punctuation.

        Raises ``PhoneRefused``. Never cuts a foreign number, because its last nine digits can be another person's.
        """
        digits = without_punctuation(text)
        if not digits:
            raise PhoneRefused("empty")
        if not _DIGITS.fullmatch(digits):
            raise PhoneRefused("not_digits")
        national = _national_part(digits)
        if not _MOBILE.fullmatch(national):
            raise PhoneRefused(_refusal_reason(national))
        return cls(msisdn=f"254{national}")

    @property
    def local(self) -> str:
        """Return the number as dialed in Kenya: ``0712345678``."""
        return f"0{self.msisdn[3:]}"

    @property
    def grouped(self) -> str:
        """Return the number in groups: ``0712 345 678``. Show it only to a person who may see the full number."""
        return f"{self.local[:4]} {self.local[4:7]} {self.local[7:]}"

    @property
    def masked(self) -> str:
        """Return the number without its middle digits: ``0712 •••678``."""
        return f"{self.local[:4]} •••{self.local[7:]}"

    @property
    def other_network(self) -> str:
        """Return ``Airtel`` or ``Telkom`` if that network issued the prefix, else an empty text. It is only a hint."""
        return next((name for name, prefix in _OTHER_NETWORKS if prefix.match(self.msisdn[3:])), "")

    def __str__(self) -> str:
        return self.masked

    def __repr__(self) -> str:
        return f"PhoneNumber({self.masked!r})"


def kenyan_mobile(number: object) -> PhoneNumber | None:
    """Return a delivery address's number as a ``PhoneNumber``, or None if M-PESA cannot send it a prompt."""
    try:
        return PhoneNumber.parse(str(number or ""))
    except PhoneRefused:
        return None


def without_punctuation(text: str) -> str:
    """Return a number without the characters that people type between its digits, and with ASCII digits."""
    return "".join(
        char
        for char in unicodedata.normalize("NFKC", text)
        if char not in _SEPARATORS and unicodedata.category(char) not in _SEPARATOR_CATEGORIES
    )


def _national_part(digits: str) -> str:
    international = digits.removeprefix("+").removeprefix("00")
    if international.startswith("254"):
        return _without_country_code(international[3:].removeprefix("0"))
    if international != digits:
        raise PhoneRefused("foreign")
    if digits.startswith("0"):
        return _without_country_code(digits[1:])
    if len(digits) > _NATIONAL_LENGTH and digits[0] not in "71":
        raise PhoneRefused("foreign")
    return digits


def _without_country_code(digits: str) -> str:
    """Remove a country code that was typed a second time, or after the 0."""
    if digits.startswith("254") and len(digits) > _NATIONAL_LENGTH:
        return digits[3:].removeprefix("0")
    return digits


def _refusal_reason(national: str) -> str:
    if len(national) < _SHORTEST_LANDLINE:
        return "short"
    if national[0] in "2456":
        return "landline"
    if national[0] not in "71":
        return "not_mobile"
    return "short" if len(national) < _NATIONAL_LENGTH else "long"
