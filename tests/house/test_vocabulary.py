"""Keep the retired words of the old vocabulary out of documents, file names and identifiers."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.sources import ROOT, files, python_files

#: A closed list. The changelog may use these words, because it names what was renamed.
RETIRED = frozenset(
    "told news story wish knock stranger letters postman astray trips deals slip twin handset spoken programme "
    "oversight".split()
)

DOCUMENTS = (
    *("README.md", "CONTRIBUTING.md", ".env.example", "docs/openapi.json"),
    *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))),
)
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")

LONGEST_README = 140


def retired_words(text: str) -> list[str]:
    """Return the retired words in a text or an identifier, also in ``snake_case`` and ``CamelCase``."""
    return [word for word in WORD.findall(text) if word.lower() in RETIRED]


def identifiers() -> Iterator[tuple[Path, str]]:
    """Yield each use of a name in the project's Python files."""
    for source in python_files():
        for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
            if token.type == tokenize.NAME:
                yield source.path, token.string


@pytest.mark.parametrize("text", ["told", "MpesaTwin", "wait_news", "HANDSET", "the news"])
def test_retired_words_are_found(text: str) -> None:
    assert len(retired_words(text)) == 1


@pytest.mark.parametrize("text", ["untold", "history", "newsletter", "slipped", "payment_page"])
def test_other_words_are_not_found(text: str) -> None:
    assert retired_words("told " + text) == ["told"]


@pytest.mark.parametrize("path", DOCUMENTS)
def test_document_uses_no_retired_word(path: str) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")

    assert text
    assert retired_words(text) == []


def test_file_names_use_no_retired_word() -> None:
    names = [path.relative_to(ROOT).as_posix() for path in [*files("*"), *(ROOT / "docs").rglob("*")]]

    assert "oscar_mpesa/conf.py" in names
    assert [name for name in names if retired_words(name)] == []


def test_identifiers_use_no_retired_word() -> None:
    names = {f"{path}: {name}" for path, name in identifiers()}

    assert any(name.endswith(": MpesaPayment") for name in names)
    assert sorted(name for name in names if retired_words(name.partition(": ")[2])) == []


def test_readme_is_short() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()

    assert lines[0] == "# oscar-mpesa"
    assert len(lines) <= LONGEST_README
