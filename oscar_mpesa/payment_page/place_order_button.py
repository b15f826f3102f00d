"""Give the button of the shop's own form that places the order its words for M-PESA. All else of the form stays."""

from __future__ import annotations

import re

from django.utils.html import escape

_BUTTON = re.compile(
    r"""(?P<start><button\b[^>]*?\sid=(?P<quote>["']?)place-order(?P=quote)(?=[\s>])[^>]*>)(?P<text>.*?)(?P<end></button>)""",
    re.DOTALL | re.IGNORECASE,
)
_WHILE_LOADING = re.compile(r"""(\sdata-loading-text=)("[^"]*"|'[^']*')""")


def has_button(form: str) -> bool:
    """Return whether the HTML has Oscar's button: a ``button`` element with the id ``place-order``."""
    return _BUTTON.search(form) is not None


def with_words(form: str, words: str, *, while_loading: str) -> str:
    """Replace the button's content, and its ``data-loading-text`` if it has one. Escapes both."""

    def replaced(found: re.Match[str]) -> str:
        start = _WHILE_LOADING.sub(lambda each: f'{each[1]}"{escape(while_loading)}"', found["start"])
        return f"{start}{escape(words)}{found['end']}"

    return _BUTTON.sub(replaced, form, count=1)
