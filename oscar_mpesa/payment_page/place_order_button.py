"""Give the button of the shop's own form that places the order its words for M-PESA. All else of the form stays."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from django.utils.html import escape

#: The id of Oscar's button.
BUTTON_ID = "place-order"

_WHILE_LOADING = re.compile(r"""(\sdata-loading-text=)("[^"]*"|'[^']*'|[^\s"'>]+)""", re.IGNORECASE)


def has_button(form: str) -> bool:
    """Return whether the HTML has Oscar's button: a ``button`` element with the id ``place-order``."""
    return bool(_Buttons(form).found)


def with_words(form: str, words: str, *, while_loading: str) -> str:
    """Replace the button's content, and its ``data-loading-text`` if it has one. Escapes both."""
    for tag, content, end in reversed(_Buttons(form).found):
        start = _WHILE_LOADING.sub(lambda each: f'{each[1]}"{escape(while_loading)}"', form[tag:content])
        form = f"{form[:tag]}{start}{escape(words)}{form[end:]}"
    return form


class _Buttons(HTMLParser):
    """Where each such button begins, and where its content begins and ends. Only whole elements count, not comments."""

    def __init__(self, form: str) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[tuple[int, int, int]] = []
        self._open: tuple[int, int] | None = None
        self._starts = [0]
        for line in form.split("\n"):
            self._starts.append(self._starts[-1] + len(line) + 1)
        self.feed(form)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the begin of a button with the id."""
        if tag == "button":
            is_it = dict(attrs).get("id") == BUTTON_ID
            start = self._offset()
            self._open = (start, start + len(self.get_starttag_text() or "")) if is_it else None

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Ignore the slash of ``<button/>``, as browsers do."""
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        """Note the end of its content."""
        if tag == "button" and self._open is not None:
            self.found.append((*self._open, self._offset()))
            self._open = None

    def _offset(self) -> int:
        line, column = self.getpos()
        return self._starts[line - 1] + column
