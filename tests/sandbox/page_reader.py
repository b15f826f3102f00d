"""Somebody who reads every word of every page, and hears each one that no catalogue has."""

from __future__ import annotations

import re
from gettext import NullTranslations
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from django.test import Client
from django.utils.translation import trans_real


class Ear(NullTranslations):
    """Stands behind the catalogues of a language and notes what came through all of them."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: set[str] = set()

    def gettext(self, message: str) -> str:
        """Note it; say it as it was."""
        self.heard.add(message)
        return message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Note the singular; say it as it was."""
        self.heard.add(msgid1)
        return super().ngettext(msgid1, msgid2, n)

    def forgets(self) -> list[str]:
        """What was heard since the last time."""
        heard = sorted(self.heard)
        self.heard.clear()
        return heard


def listen(monkeypatch: Any, language: str) -> Ear:
    """Until the end of the test, hear what the language leaves to English."""
    ear = Ear()
    monkeypatch.setattr(trans_real.translation(language), "_fallback", ear)
    return ear


class Reader:
    """One person with one browser without scripts, in one language; remembers the words of every page."""

    def __init__(self, language: str, ear: Ear) -> None:
        self.language, self.client, self._ear = language, Client(), ear
        #: Where the last page was, after all redirections.
        self.last = ""
        #: What a page, or the page after a form, looked up and did not find.
        self.untranslated: dict[str, list[str]] = {}
        self.words: set[str] = set()

    def opens(self, path: str) -> str:
        """A page of the shop, by its path without the language, or by an address that the shop gave."""
        return self._reads(path, self.client.get(self._address(path), follow=True))

    def sends(self, path: str, **fields: Any) -> str:
        """A form to that page; returns what came after it, with a refusal as with a redirection."""
        name = f"{path} with {', '.join(fields) or 'nothing'}"
        return self._reads(name, self.client.post(self._address(path), fields, follow=True))

    def _address(self, path: str) -> str:
        return path if path.startswith("/") else f"/{self.language}/{path}"

    def _reads(self, name: str, answer: Any) -> str:
        page: str = answer.content.decode()
        assert answer.status_code in {200, 422}, (name, answer.status_code)
        assert f'<html lang="{self.language}"' in page, name
        if missed := self._ear.forgets():
            self.untranslated.setdefault(name, []).extend(missed)
        if answer.redirect_chain:
            self.last = urlsplit(answer.redirect_chain[-1][0]).path
        self.words |= words(page)
        return page


class _Texts(HTMLParser):
    """The texts between the tags, and those of attributes that are shown or read out."""

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
    """Every text of a page that has a word in it."""
    texts = _Texts()
    texts.feed(page)
    return {text for text in texts.found if re.search(r"[A-Za-z]{2}", text)}
