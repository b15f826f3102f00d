"""Every translatable string has a Swahili translation."""

from __future__ import annotations

import io
import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import django
import oscar
import pytest
from babel.messages import Catalog
from babel.messages.catalog import Message
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from tests.house.messages import (
    LANGUAGES,
    LOCALE,
    SHOP,
    SHOP_LANGUAGES,
    SHOP_LOCALE,
    compiled,
    kept,
    marked,
    po_file,
    write,
)
from tests.house.sources import ROOT

CATALOGS = [
    *(pytest.param(language, LOCALE, id=f"ours-{language}") for language in LANGUAGES),
    *(pytest.param(language, SHOP_LOCALE, id=f"shop-{language}") for language in SHOP_LANGUAGES),
]
#: Messages of django-phonenumber-field, which has no Swahili catalog.
PHONE_FIELD_MESSAGES = {
    "The phone number entered is not valid.",
    "Enter a valid phone number (e.g. {example_number}) or a number with an international call prefix.",
}
#: A message of Django 4.2 that later versions spell otherwise.
OLD_DJANGO_MESSAGES = {"This password is too short. It must contain at least %(min_length)d character."}
#: Short messages with these names need no context: no other catalog has them.
OURS_ALONE = re.compile(r"M-PESA|Safaricom|^TEST$")
PLACEHOLDER = re.compile(r"\{\w*\}|%\(\w+\)[sd]|%[sd]")


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_marked_message_is_translated(language: str) -> None:
    translations = kept(language)

    missing = [message.id for message in _messages(marked()) if not _is_translated(message, translations)]

    assert missing == [], "run `make messages`, then fill in the empty ones"


def test_catalog_has_no_unused_messages(language: str) -> None:
    used = {(message.id, message.context) for message in _messages(marked())}

    unused = [message.id for message in _messages(kept(language)) if (message.id, message.context) not in used]

    assert unused == []


@pytest.mark.parametrize(("language", "locale"), CATALOGS)
def test_catalog_is_complete_and_not_fuzzy(language: str, locale: Path) -> None:
    catalog = kept(language, locale)

    unfinished = [message.id for message in _messages(catalog) if not _is_translated(message, catalog)]

    assert unfinished == []


@pytest.mark.parametrize(("language", "locale"), CATALOGS)
def test_translation_keeps_placeholders(language: str, locale: Path) -> None:
    changed = [message.id for message in _messages(kept(language, locale)) if not _keeps_its_placeholders(message)]

    assert changed == []


@pytest.mark.parametrize(("language", "locale"), CATALOGS)
def test_compiled_catalog_matches_source(language: str, locale: Path) -> None:
    kept_compiled = po_file(language, locale).with_suffix(".mo").read_bytes()

    assert _sentences(kept_compiled) == _sentences(compiled(kept(language, locale))), "run `make messages`"


def test_no_other_catalog_overrides_our_messages(language: str) -> None:
    """An app that stands earlier in ``INSTALLED_APPS`` overrides words without a context."""
    others = _of_other_packages(language)

    overridden = [message.id for message in _messages(kept(language)) if _is_overridden(message, others)]

    assert "Onesha yotee" in others["Show all"], "the other catalogs were read"
    assert overridden == [], "give each of them a context: pgettext, or {% translate ... context ... %}"


def test_message_without_context_is_found() -> None:
    others = _of_other_packages("sw")

    assert _is_overridden(Message("Show all", "Onyesha yote"), others)
    assert not _is_overridden(Message("Show all", "Onyesha yote", context="button"), others)
    assert not _is_overridden(Message("Show all", "Onesha yotee"), {"Show all": {"Onesha yotee"}})


def test_short_messages_carry_a_context() -> None:
    """Any app may translate one or two words in its own way, so ours never depend on theirs."""
    without_context = [message.id for message in _messages(marked()) if _needs_context(message)]

    assert without_context == [], "use pgettext, or {% translate ... context ... %}"


def test_short_message_without_context_is_found() -> None:
    assert _needs_context(Message("Show all"))
    assert not _needs_context(Message("Show all", context="button"))
    assert not _needs_context(Message("See the payments"))
    assert not _needs_context(Message("M-PESA code"))


def test_every_message_of_demo_shop_is_translated() -> None:
    translations = kept("sw", SHOP_LOCALE)

    missing = [message.id for message in _messages(marked(ROOT / SHOP)) if not _is_translated(message, translations)]

    assert missing == [], "fill them in by hand in the demo shop's django.po, then run `make messages`"


@pytest.mark.parametrize("language", SHOP_LANGUAGES)
def test_demo_shop_translates_only_known_messages(language: str) -> None:
    known = (
        _ids(marked(ROOT / SHOP))
        | _ids(marked(Path(oscar.__file__).parent))
        | _messages_of_django()
        | PHONE_FIELD_MESSAGES
        | OLD_DJANGO_MESSAGES
    )

    assert _ids(kept(language, SHOP_LOCALE)) - known == set()


def test_new_language_starts_empty_and_keeps_translations(tmp_path: Path) -> None:
    assert write("fr", tmp_path) == len(_messages(marked()))

    text = po_file("fr", tmp_path).read_text(encoding="utf-8")
    po_file("fr", tmp_path).write_text(text.replace('msgstr ""\n\n', 'msgstr "un mot"\n\n'), encoding="utf-8")

    assert write("fr", tmp_path) < len(_messages(marked()))
    assert {message.string for message in _messages(kept("fr", tmp_path))} >= {"un mot"}


def _messages(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id]


def _ids(catalog: Catalog) -> set[str]:
    return {_id(message) for message in _messages(catalog)}


def _messages_of_django() -> set[str]:
    root = Path(django.__file__).parent
    ids: set[str] = set()
    for folder in ("conf", "contrib/auth"):
        with po_file("en", root / folder / "locale").open("rb") as stream:
            ids |= _ids(read_po(stream))
    return ids


def _of_other_packages(language: str) -> dict[str, set[str]]:
    """Return the translations of Django, its contributed apps and Oscar for each text without a context."""
    found: dict[str, set[str]] = defaultdict(set)
    for package in (django.__file__, oscar.__file__):
        for path in Path(str(package)).parent.glob(f"**/locale/{language}/LC_MESSAGES/django.mo"):
            with path.open("rb") as stream:
                for message in _messages(read_mo(stream)):
                    if not message.context:
                        found[_id(message)].add(str(message.string))
    return found


def _is_overridden(message: Message, others: Mapping[str, set[str]]) -> bool:
    return not message.context and bool(others.get(_id(message), set()) - {"", str(message.string)})


def _needs_context(message: Message) -> bool:
    return not message.context and len(_id(message).split()) <= 2 and not OURS_ALONE.search(_id(message))


def _id(message: Message) -> str:
    return message.id if isinstance(message.id, str) else str(message.id[0])


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
