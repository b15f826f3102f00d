"""A finding: one line of the answer to whether the shop is set up rightly."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from django.utils.translation import gettext

from oscar_mpesa.setup_check.words import WORDS


class Level(str, Enum):
    """How bad it is; an error means that payments fail, or that their news are lost."""

    ERROR = "error"
    WARNING = "warning"
    OK = "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found, in the reader's language: the sentence, what it means, and what to do; never a secret."""

    name: str
    level: Level
    sentence: str
    meaning: str = ""
    remedy: str = ""


def found(name: str, **facts: object) -> Finding:
    """The finding of this name in ``words``, with the facts that its sentences ask for."""
    level, *sentences = WORDS[name]
    sentence, meaning, remedy = (gettext(text).format(**facts) if text else "" for text in sentences)
    return Finding(name=name, level=Level(level), sentence=sentence, meaning=meaning, remedy=remedy)
