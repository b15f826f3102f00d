"""Hold docs/public-names.md, each module's ``__all__`` and the list of public names to each other."""

from __future__ import annotations

import re
from importlib import import_module

import pytest

from tests.house.public_names import PUBLIC_NAMES
from tests.house.sources import ROOT, python_files

DOCUMENTED = re.compile(r"^\| `(oscar_mpesa[\w.]*)` \| `(\w+)` \|", re.MULTILINE)
IMPORTED = re.compile(r"^from (oscar_mpesa[\w.]*) import (.+)$", re.MULTILINE)
PUBLIC = {(module, name) for module, names in PUBLIC_NAMES.items() for name in names}


@pytest.mark.parametrize("module", PUBLIC_NAMES)
def test_public_names_are_all_of_their_module(module: str) -> None:
    namespace = import_module(module)

    assert sorted(namespace.__all__) == sorted(PUBLIC_NAMES[module])
    assert {name for name in PUBLIC_NAMES[module] if not hasattr(namespace, name)} == set()


def test_page_lists_each_public_name_once() -> None:
    page = (ROOT / "docs" / "public-names.md").read_text(encoding="utf-8")

    assert sorted(DOCUMENTED.findall(page)) == sorted(PUBLIC)


def test_documents_import_public_names_only() -> None:
    documents = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]

    imported = {
        (module, name)
        for document in documents
        for module, names in IMPORTED.findall(document.read_text(encoding="utf-8"))
        for name in names.split(", ")
    }

    assert ("oscar_mpesa.signals", "order_paid") in imported
    assert imported - PUBLIC == set()


def test_package_has_a_version() -> None:
    assert import_module("oscar_mpesa").__version__.count(".") == 2


def test_sandbox_imports_public_names_only() -> None:
    imported = {name for source in python_files("sandbox_site") for name in source.imports()}

    ours = {name for name in imported if name.partition(".")[0] == "oscar_mpesa"}

    assert "oscar_mpesa.conf.mpesa_settings" in ours
    assert ours <= {f"{module}.{name}" for module, name in PUBLIC}
