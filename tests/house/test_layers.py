"""Imports follow the layers, and every module has a docstring."""

from __future__ import annotations

import ast
import logging
from collections.abc import Iterator

import pytest
from importlinter.cli import lint_imports

from tests.house.sources import ROOT, python_files


@pytest.fixture
def _enabled_loggers() -> Iterator[None]:
    """Enable the loggers again that the import linter disables."""
    ours = [each for each in logging.root.manager.loggerDict.values() if isinstance(each, logging.Logger)]
    before = {logger: logger.disabled for logger in ours}
    yield
    for logger, disabled in before.items():
        logger.disabled = disabled


@pytest.mark.usefixtures("_enabled_loggers")
def test_every_file_imports_only_from_lower_layers() -> None:
    verdict = lint_imports(config_filename=str(ROOT / "setup.cfg"), no_cache=True)

    assert verdict == 0, "run lint-imports to see the import"


def test_every_module_has_a_docstring() -> None:
    undocumented = [
        str(source.path)
        for source in python_files("oscar_mpesa")
        if source.text.strip() and not ast.get_docstring(source.tree)
    ]

    assert undocumented == []
