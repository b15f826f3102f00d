"""What the documents promise is there, and what is there stands in the documents."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import pytest

from oscar_mpesa import checks
from oscar_mpesa.conf import ENVIRONMENT_NAMES, MpesaSettings
from oscar_mpesa.oscar_adapter import emails
from tests.house.documents import BLOCK, DOCUMENTS, text_of
from tests.house.sources import ROOT

LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
ANCHOR = re.compile(r"\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
VARIABLE = re.compile(r"\bMPESA_([A-Z_]+)\b(?!\*)")
KEY = re.compile(r'"([A-Z][A-Z_]+)"')
IMPORT = re.compile(r"^from (oscar_mpesa[\w.]*) import (.+)$", re.MULTILINE)
CHECK = re.compile(r"oscar_mpesa\.([EW]\d{3})")

#: Names of the shop's own that an example may use without an import.
OF_THE_SHOP = set(
    "INSTALLED_APPS OSCAR_MPESA OSCAR_ORDER_STATUS_PIPELINE urlpatterns order other_order receipt user buy".split()
)

KNOWN = {setting.name for setting in fields(MpesaSettings)}


def python_blocks() -> Iterator[tuple[str, str]]:
    for path in DOCUMENTS:
        yield from ((path, code) for language, code in BLOCK.findall(text_of(path)) if language == "python")


@pytest.mark.parametrize("path", DOCUMENTS)
def test_every_link_leads_somewhere(path: str) -> None:
    links = [link for link in LINK.findall(text_of(path)) if "://" not in link]

    assert [link for link in links if not (ROOT / path).parent.joinpath(link).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS)
def test_each_anchor_is_a_heading(path: str) -> None:
    anchors = [
        ((ROOT / path).parent / target if target else ROOT / path, at) for target, at in ANCHOR.findall(text_of(path))
    ]

    assert [str(anchor) for target, anchor in anchors if anchor not in headings(target)] == []


def headings(document: Path) -> set[str]:
    """Return the anchors that GitHub gives to a document's headings."""
    found = HEADING.findall(BLOCK.sub("", document.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found}


@pytest.mark.parametrize("path", [*(path for path in DOCUMENTS if path != "CHANGELOG.md"), ".env.example"])
def test_every_variable_that_is_named_is_one_of_ours(path: str) -> None:
    codes = (emails.FAILED, emails.LATER, emails.PART_PAID, emails.CLOSED, emails.UNMATCHED, emails.REFUND)
    of_mails = {code.removeprefix("MPESA_") for code in codes}

    assert set(VARIABLE.findall(text_of(path))) <= ENVIRONMENT_NAMES | of_mails


@pytest.mark.parametrize(("path", "code"), list(python_blocks()))
def test_python_example_names_existing_settings_and_modules(path: str, code: str) -> None:
    compile(code, path, "exec")

    assert set(KEY.findall(code)) <= KNOWN | {"KES"}
    for module, names in IMPORT.findall(code):
        assert [name for name in names.split(", ") if not hasattr(import_module(module), name)] == []


@pytest.mark.parametrize(("path", "code"), list(python_blocks()))
def test_python_example_imports_or_defines_its_names(path: str, code: str) -> None:
    assert unknown_names("from django.urls import path\npath(include)\n") == {"include"}
    assert unknown_names(code) == set()


def unknown_names(code: str) -> set[str]:
    """Return the names that an example reads and neither imports nor defines, without those of the shop."""
    nodes = list(ast.walk(ast.parse(code)))
    names = [node for node in nodes if isinstance(node, ast.Name)]
    extended = {
        node.target.id for node in nodes if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)
    }
    read = {name.id for name in names if isinstance(name.ctx, ast.Load)} | extended
    known = {name.id for name in names if isinstance(name.ctx, ast.Store)} - extended
    for node in nodes:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            known |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            known.add(node.name)
        elif isinstance(node, ast.arg):
            known.add(node.arg)
    return read - known - OF_THE_SHOP - set(dir(builtins))


def test_settings_table_lists_each_setting_once() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \|", text_of("docs/settings.md"), re.MULTILINE)

    assert sorted(rows) == sorted(f"MPESA_{name}" if name in ENVIRONMENT_NAMES else name for name in KNOWN)


def test_the_table_of_settings_tells_the_defaults_as_they_are() -> None:
    rows = re.findall(r"^\| `(?:MPESA_)?([A-Z_]+)` \| (?:`([^`]*)`)? ?\|", text_of("docs/settings.md"), re.MULTILINE)

    defaults = dict(rows)

    assert defaults == {name: _written(name) for name in defaults}
    assert set(defaults) == KNOWN


def checks_written() -> str:
    return "".join(path.read_text(encoding="utf-8") for path in Path(checks.__file__).parent.glob("*.py"))


def test_every_check_stands_in_its_table() -> None:
    known = set(re.findall(r"\b[EW]0\d\d\b", checks_written()))

    rows = re.findall(r"^\| `oscar_mpesa\.([EW]\d{3})` \|", text_of("docs/checks.md"), re.MULTILINE)

    assert sorted(rows) == sorted(known)


@pytest.mark.parametrize("path", DOCUMENTS)
def test_every_check_that_is_named_exists(path: str) -> None:
    written = checks_written()

    assert [id_ for id_ in CHECK.findall(text_of(path)) if id_ not in written] == []


def test_every_table_of_ours_is_described() -> None:
    models = {name for name in import_module("oscar_mpesa.models").__all__ if name.startswith("Mpesa")}

    assert {name for name in models if f"| `{name}` |" not in text_of("docs/money.md")} == set()


def _written(name: str) -> str:
    default = getattr(MpesaSettings, name)
    if default in ("", ()):
        return ""
    return str(default).lower() if name in ENVIRONMENT_NAMES and isinstance(default, bool) else str(default)
