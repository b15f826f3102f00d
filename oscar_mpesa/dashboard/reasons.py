"""Why something happened, as the lifecycle wrote it down in English: said in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from oscar_mpesa.dashboard.wording import changed
from oscar_mpesa.models import ReceiptSource

#: Who brought news.
_SOURCES: Mapping[str, Any] = {
    **dict(ReceiptSource.choices),
    "push": _("Safaricom's reply to the request"),
    "clock": _("our clock"),
}

_SENTENCES: Mapping[str, Any] = {
    "another payment has its checkout id": _("another payment has its id"),
    "held for a person's decision": _("held for a person's decision"),
    "it names another request": _("it names another request"),
    "it was sent meanwhile": _("it was sent meanwhile"),
    "look its prompts up in the M-PESA portal": _("look its requests up in the M-PESA portal"),
    "money arrived": _("money arrived"),
    "return the money": _("return the money"),
    "test money in a shop that takes real money": _("test money in a shop that takes real money"),
    "the order is paid already": _("the order is paid already"),
    "the order was closed": _("the order was closed"),
    "the order was closed, and its things are not all in stock": _(
        "the order was closed, and its things are not all in stock"
    ),
    "the shop's own code raised": _("the shop's own code failed"),
}

_PATTERNS: Mapping[str, Any] = {
    r"(?P<amount>KSh [\d,.]+) · (?P<day>\d{4}-\d\d-\d\d)(?P<rest> · .*)?": "%(amount)s · %(day)s%(rest)s",
    r"already (?P<status>\w+)": _("it was over already: %(status)s"),
    r"asked for (?P<asked>[\d.]+), (?P<arrived>[\d.]+) arrived": _("KSh %(asked)s asked for, KSh %(arrived)s arrived"),
    r"its code (?P<code>\w+) belongs to order (?P<order>\S+)": _("its code %(code)s belongs to order %(order)s"),
    r"the order is (?P<asked>[\d.]+), (?P<arrived>[\d.]+) arrived": _(
        "the order is KSh %(asked)s, KSh %(arrived)s arrived"
    ),
    r"the same money as (?P<code>\w+)": _("the same money as %(code)s"),
    r"unknown code (?P<code>\S+)": _("an answer that we do not know: %(code)s"),
    r"used for order (?P<order>\S+)": _("used for order %(order)s"),
    rf"(?P<source>{'|'.join(_SOURCES)}) said nothing final": _("%(source)s said nothing final"),
    rf"(?P<source>{'|'.join(_SOURCES)})(?P<code> \S+)?": "%(source)s%(code)s",
}


def because(why: str) -> str:
    """The reason in words; what a person wrote, or a machine of somebody else's, stays as it is."""
    return "; ".join(_said(part) for part in why.split("; "))


def _said(part: str) -> str:
    if part in _SENTENCES:
        return str(_SENTENCES[part])
    for pattern, words in _PATTERNS.items():
        found = re.fullmatch(pattern, part)
        if found:
            return str(words) % {name: _in_words(name, value or "") for name, value in found.groupdict().items()}
    return part


def _in_words(name: str, value: str) -> str:
    if name == "source":
        return str(_SOURCES[value])
    if name == "day":
        return date_format(date.fromisoformat(value), "j M Y")
    return changed("", value) if name == "status" else value
