"""Collect and compile the translations, with babel alone: ``python -m tests.house.messages``.

It collects the marked strings of Python files and templates, updates every ``django.po`` and compiles it. New strings
get an empty translation for a person to fill in, never a fuzzy one.

The demo shop's catalogs are edited by hand and only compiled. They mostly translate Oscar's strings, which an update
from our own files would drop.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from copy import copy
from datetime import datetime, timezone
from functools import cache
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from tests.house.sources import ROOT, files

PACKAGE = "oscar_mpesa"
LOCALE = ROOT / PACKAGE / "locale"
LANGUAGES = ("sw",)
SHOP = "sandbox_site"
SHOP_LOCALE = ROOT / SHOP / "locale"
SHOP_LANGUAGES = ("en", "sw")
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}


@cache
def marked(folder: Path = ROOT / PACKAGE) -> Catalog:
    """Collect the marked strings of a Python package and its templates, with their files. Don't change the result."""
    catalog = Catalog(project=PACKAGE)
    for path, source in _sources(folder):
        for _, message, comments, context in extract("python", io.BytesIO(source.encode()), KEYWORDS, ["Translators:"]):
            catalog.add(message, locations=[(path, 0)], auto_comments=comments, context=context)
    return catalog


def kept(language: str, locale: Path = LOCALE) -> Catalog:
    """Return the translations of a language; an empty catalog if it has no file."""
    path = po_file(language, locale)
    if not path.exists():
        return _new(language)
    with path.open("rb") as stream:
        return read_po(stream, locale=language)


def updated(language: str, locale: Path = LOCALE) -> Catalog:
    """Return the translations with every marked string, and without strings that are no longer marked."""
    catalog, template = kept(language, locale), copy(marked())
    template.creation_date = catalog.creation_date
    catalog.update(template, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    return catalog


def compiled(catalog: Catalog) -> bytes:
    """Return the compiled catalog, which Django reads."""
    stream = io.BytesIO()
    write_mo(stream, catalog)
    return stream.getvalue()


def write(language: str, locale: Path = LOCALE) -> int:
    """Update the language's two files and return how many strings have no translation."""
    catalog, path = updated(language, locale), po_file(language, locale)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        write_po(stream, catalog, width=100, include_lineno=False, sort_by_file=True)
    path.with_suffix(".mo").write_bytes(compiled(catalog))
    return sum(1 for message in catalog if message.id and not message.string)


def recompile(language: str, locale: Path = SHOP_LOCALE) -> None:
    """Compile a catalog that is edited by hand."""
    po_file(language, locale).with_suffix(".mo").write_bytes(compiled(kept(language, locale)))


def po_file(language: str, locale: Path = LOCALE) -> Path:
    """Return the path of a language's catalog."""
    return locale / language / "LC_MESSAGES" / "django.po"


def _new(language: str) -> Catalog:
    return Catalog(
        locale=language,
        header_comment="# Translations for oscar_mpesa, under the license of the package.",
        project=PACKAGE,
        version="0",
        msgid_bugs_address="see README.md",
        last_translator="The oscar_mpesa authors",
        language_team=language,
        revision_date=datetime.now(tz=timezone.utc),
        fuzzy=False,
    )


def _sources(folder: Path) -> Iterator[tuple[str, str]]:
    for path in files("*.py", str(folder)):
        yield path.relative_to(folder.parent).as_posix(), path.read_text(encoding="utf-8")
    for pattern in ("*.html", "*.txt"):
        for path in files(pattern, str(folder / "templates")):
            yield path.relative_to(folder.parent).as_posix(), _as_python(path.read_text(encoding="utf-8"))


def _as_python(template: str) -> str:
    # Django blanks out everything but the marked strings, but keeps indentation, which Python would read as blocks.
    return "\n".join(line.lstrip() for line in templatize(template).splitlines())


if __name__ == "__main__":
    for each in LANGUAGES:
        print(f"{each}: {write(each)} strings without a translation")
    for each in SHOP_LANGUAGES:
        recompile(each)
