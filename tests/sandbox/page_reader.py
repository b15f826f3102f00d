"""Load pages of the demo shop and collect their texts and their missing translations."""

from __future__ import annotations

import re
from gettext import NullTranslations
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from django.test import Client
from django.utils.translation import trans_real


class MissingTranslations(NullTranslations):
    """Collect the messages that no catalog of a language translates."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: set[str] = set()

    def gettext(self, message: str) -> str:
        """Collect a message and return it unchanged."""
        self.messages.add(message)
        return message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Collect the singular and return the message unchanged."""
        self.messages.add(msgid1)
        return super().ngettext(msgid1, msgid2, n)

    def pop_all(self) -> list[str]:
        """Return the messages since the last call."""
        messages = sorted(self.messages)
        self.messages.clear()
        return messages


def collect_missing(monkeypatch: Any, language: str) -> MissingTranslations:
    """Collect the messages that a language does not translate, until the test ends."""
    missing = MissingTranslations()
    monkeypatch.setattr(trans_real.translation(language), "_fallback", missing)
    return missing


class Reader:
    """A browser without scripts in one language, which collects the texts of every page."""

    def __init__(self, language: str, missing: MissingTranslations) -> None:
        self.language, self.client, self._missing = language, Client(), missing
        #: Path of the last page, after all redirects.
        self.last = ""
        #: Missing translations by page or form.
        self.untranslated: dict[str, list[str]] = {}
        self.words: set[str] = set()

    def opens(self, path: str) -> str:
        """Load a page by its path without the language prefix, or by an absolute path."""
        return self._read(path, self.client.get(self._address(path), follow=True))

    def sends(self, path: str, **fields: Any) -> str:
        """Post a form and return the page that follows, after a refusal or a redirect."""
        name = f"{path} with {', '.join(fields) or 'nothing'}"
        return self._read(name, self.client.post(self._address(path), fields, follow=True))

    def _address(self, path: str) -> str:
        return path if path.startswith("/") else f"/{self.language}/{path}"

    def _read(self, name: str, answer: Any) -> str:
        page: str = answer.content.decode()
        assert answer.status_code in {200, 422}, (name, answer.status_code)
        assert f'<html lang="{self.language}"' in page, name
        if missing := self._missing.pop_all():
            self.untranslated.setdefault(name, []).extend(missing)
        if answer.redirect_chain:
            self.last = urlsplit(answer.redirect_chain[-1][0]).path
        self.words |= words(page)
        return page


class _Texts(HTMLParser):
    """Collect the texts between tags and of attributes that are shown or read aloud."""

    SHOWN = ("placeholder", "aria-label", "alt", "title", "data-loading-text")

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self._hidden = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden = tag in {"script", "style"}
        shown = (*self.SHOWN, "value") if (tag, dict(attrs).get("type")) == ("input", "submit") else self.SHOWN
        self.found.update(text for name, text in attrs if name in shown and text)

    def handle_endtag(self, tag: str) -> None:
        self._hidden = False

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.found.add(" ".join(data.split()))


def words(page: str) -> set[str]:
    """Return every text of a page that contains a word."""
    texts = _Texts()
    texts.feed(page)
    return {text for text in texts.found if re.search(r"[A-Za-z]{2}", text)}
