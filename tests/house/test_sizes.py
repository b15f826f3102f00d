"""Files and functions are short, modules have meaningful names, and comments hide no problems."""

from __future__ import annotations

import ast
import re

import pytest

from tests.house.sources import ROOT, Function, files, python_files

MAX_FILE_LINES = 299
MAX_FUNCTION_LINES = 30
MEANINGLESS_NAMES = {
    "utils",
    "util",
    "helpers",
    "common",
    "constants",
    "misc",
    "core",
    "base",
    "tools",
}

TODO_NOTE = re.compile(r"#.*\b(TO[D]O|FIX[M]E|XX[X]|HAC[K])\b")
BARE_IGNORE = re.compile(r"#\s*type:\s*ignore(?!\[)")
NO_COVER = re.compile(r"#\s*pragma:\s*no cover")


@pytest.mark.parametrize("pattern", ["*.py", "*.html", "*.js"])
def test_no_file_has_more_than_300_lines(pattern: str) -> None:
    paths = [path for path in files(pattern) if "migrations" not in path.parts]

    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in paths}
    long = {path: length for path, length in lengths.items() if length > MAX_FILE_LINES}

    assert long == {}


def test_no_function_has_more_than_30_lines() -> None:
    long = {
        f"{source.path}:{function.lineno} {function.name}": _lines_of_code(function)
        for source in python_files()
        for function in source.functions()
        if _lines_of_code(function) > MAX_FUNCTION_LINES and not function.name.startswith("test_")
    }

    assert long == {}


def test_no_module_has_a_meaningless_name() -> None:
    parts = [part for source in python_files() for part in source.path.with_suffix("").parts]

    assert MEANINGLESS_NAMES.isdisjoint(parts)


@pytest.mark.parametrize(
    "unwanted",
    [
        pytest.param(TODO_NOTE, id="notes of unfinished work"),
        pytest.param(BARE_IGNORE, id="type errors ignored without a code"),
        pytest.param(NO_COVER, id="lines excluded from coverage"),
    ],
)
def test_no_comment_hides_problems(unwanted: re.Pattern[str]) -> None:
    comments = [
        f"{source.path}:{number}"
        for source in python_files()
        for number, line in enumerate(source.text.splitlines(), start=1)
        if unwanted.search(line)
    ]

    assert comments == []


def _lines_of_code(function: Function) -> int:
    assert function.end_lineno is not None
    lines = function.end_lineno - function.lineno + 1
    docstring = function.body[0] if ast.get_docstring(function) else None
    if docstring is None or docstring.end_lineno is None:
        return lines
    return lines - (docstring.end_lineno - docstring.lineno + 1)
