"""Define a finding: one line of the result of the set-up check."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from django.utils.translation import gettext

from oscar_mpesa.setup_check.words import WORDS


class Level(str, Enum):
    """The severity. An error means that payments fail or that callbacks are lost."""

    ERROR = "error"
    WARNING = "warning"
    OK = "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One result in the reader's language: a sentence, its meaning and a remedy. Contains no secrets."""

    name: str
    level: Level
    sentence: str
    meaning: str = ""
    remedy: str = ""


def make_finding(name: str, **params: object) -> Finding:
    """Build the finding of this name from ``words``, with values for the placeholders of its texts."""
    level, *sentences = WORDS[name]
    sentence, meaning, remedy = (gettext(text).format(**params) if text else "" for text in sentences)
    return Finding(name=name, level=Level(level), sentence=sentence, meaning=meaning, remedy=remedy)
