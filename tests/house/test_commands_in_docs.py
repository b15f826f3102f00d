"""The documents name only commands that a reader can run: targets of ``make``, and Python with our packages."""

from __future__ import annotations

import re

import pytest
from django.core.management import get_commands

from tests.house.documents import BLOCK, DOCUMENTS, text_of
from tests.house.sources import ROOT

MAKE = re.compile(r"\bmake ((?:[A-Z]+=\S+ )*)([a-z][a-z-]*)")
TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)
MANAGE = re.compile(r"manage(?:\.py)? ([a-z]+_[a-z_]+)")
#: In code only: prose says "make a payment".
CODE = re.compile(r"`([^`\n]+)`")
SYSTEM_PYTHON = re.compile(r"(?<![/\w])python3? (?:-m|sandbox_site/)")


def code_of(path: str) -> list[str]:
    """Return the document's shell blocks, line by line, and its inline code."""
    text = text_of(path)
    lines = [line for language, block in BLOCK.findall(text) if language == "sh" for line in block.splitlines()]
    return lines + CODE.findall(BLOCK.sub("", text))


def targets() -> set[str]:
    return set(TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", DOCUMENTS)
def test_each_make_target_in_the_documents_exists(path: str) -> None:
    named = {target for code in code_of(path) for _, target in MAKE.findall(code)}

    assert named - targets() == set()


@pytest.mark.parametrize("path", [path for path in DOCUMENTS if path != "CHANGELOG.md"])
def test_each_management_command_in_the_documents_exists(path: str) -> None:
    named = {command for code in code_of(path) for command in MANAGE.findall(code)}

    assert named - set(get_commands()) == set()


@pytest.mark.parametrize("path", DOCUMENTS)
def test_no_document_runs_a_module_with_the_system_python(path: str) -> None:
    assert [code for code in code_of(path) if SYSTEM_PYTHON.search(code)] == []


def test_patterns_find_the_commands_of_the_readme() -> None:
    code = code_of("README.md")

    assert {"sandbox", "history"} <= {target for line in code for _, target in MAKE.findall(line)}
    assert {"mpesa_reconcile", "mpesa_check_setup"} <= {name for line in code for name in MANAGE.findall(line)}
    assert SYSTEM_PYTHON.search("python -m sandbox_site.manage make_history")
    assert not SYSTEM_PYTHON.search(".venv/bin/python -m sandbox_site.manage make_history")


def test_each_listed_target_has_a_recipe_or_prerequisites() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)

    assert phony
    assert set(phony[1].split()) <= targets()
    assert "history" in phony[1].split()
