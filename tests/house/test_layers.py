"""Imports go downwards, and every module says what it is for."""

from __future__ import annotations

import ast
import logging
from collections.abc import Iterator

import pytest
from importlinter.cli import lint_imports

from tests.house.sources import ROOT, python_files


@pytest.fixture
def _loggers_speak_again() -> Iterator[None]:
    """The linter switches off every logger but its own."""
    ours = [each for each in logging.root.manager.loggerDict.values() if isinstance(each, logging.Logger)]
    before = {logger: logger.disabled for logger in ours}
    yield
    for logger, disabled in before.items():
        logger.disabled = disabled


@pytest.mark.usefixtures("_loggers_speak_again")
def test_every_file_imports_only_from_lower_layers() -> None:
    verdict = lint_imports(config_filename=str(ROOT / "setup.cfg"), no_cache=True)

    assert verdict == 0, "lint-imports says which import goes the wrong way"


def test_every_module_has_a_docstring() -> None:
    silent = [
        str(source.path)
        for source in python_files("oscar_mpesa")
        if source.text.strip() and not ast.get_docstring(source.tree)
    ]

    assert silent == []
