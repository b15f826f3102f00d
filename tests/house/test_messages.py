"""Every sentence that people read is there in Swahili too."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from babel.messages import Catalog
from babel.messages.catalog import Message
from babel.messages.mofile import read_mo

from tests.house.messages import LANGUAGES, compiled, kept, marked, po_file, write

PLACEHOLDER = re.compile(r"\{\w*\}|%\(\w+\)[sd]|%[sd]")


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_marked_sentence_is_translated(language: str) -> None:
    translations = kept(language)

    missing = [message.id for message in _messages(marked()) if not _is_translated(message, translations)]

    assert missing == [], "run `make messages`, then fill in the empty ones"


def test_nothing_is_translated_that_nobody_says(language: str) -> None:
    said = {(message.id, message.context) for message in _messages(marked())}

    unsaid = [message.id for message in _messages(kept(language)) if (message.id, message.context) not in said]

    assert unsaid == []


def test_a_translation_keeps_the_placeholders(language: str) -> None:
    changed = [message.id for message in _messages(kept(language)) if not _keeps_its_placeholders(message)]

    assert changed == []


def test_what_is_compiled_is_what_is_written(language: str) -> None:
    kept_compiled = po_file(language).with_suffix(".mo").read_bytes()

    assert _sentences(kept_compiled) == _sentences(compiled(kept(language))), "run `make messages`"


def test_a_new_language_starts_with_every_sentence_empty_and_keeps_what_is_filled_in(tmp_path: Path) -> None:
    assert write("fr", tmp_path) == len(_messages(marked()))

    text = po_file("fr", tmp_path).read_text(encoding="utf-8")
    po_file("fr", tmp_path).write_text(text.replace('msgstr ""\n\n', 'msgstr "un mot"\n\n'), encoding="utf-8")

    assert write("fr", tmp_path) < len(_messages(marked()))
    assert {message.string for message in _messages(kept("fr", tmp_path))} >= {"un mot"}


def _messages(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id]


def _sentences(mo: bytes) -> dict[object, object]:
    # Without the header, which names the version of babel that wrote it.
    return {(str(message.id), message.context): message.string for message in _messages(read_mo(io.BytesIO(mo)))}


def _is_translated(message: Message, translations: Catalog) -> bool:
    found = translations.get(message.id, message.context) if isinstance(message.id, str) else translations[message.id]
    if found is None or found.fuzzy:
        return False
    return all([found.string] if isinstance(found.string, str) else found.string)


def _keeps_its_placeholders(message: Message) -> bool:
    ids = [message.id] if isinstance(message.id, str) else list(message.id)
    strings = [message.string] if isinstance(message.string, str) else list(message.string)
    wanted = set(PLACEHOLDER.findall(ids[-1]))
    return all(set(PLACEHOLDER.findall(string)) == wanted for string in strings if string)
