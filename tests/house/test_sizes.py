"""Small files, short functions, names that say something, and no loose ends."""

from __future__ import annotations

import ast
import re

import pytest

from tests.house.sources import ROOT, Function, files, python_files

LONGEST_FILE = 299
LONGEST_FUNCTION = 30
NAMES_THAT_SAY_NOTHING = {
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

LOOSE_END = re.compile(r"#.*\b(TO[D]O|FIX[M]E|XX[X]|HAC[K])\b")
BARE_IGNORE = re.compile(r"#\s*type:\s*ignore(?!\[)")
UNMEASURED = re.compile(r"#\s*pragma:\s*no cover")


@pytest.mark.parametrize("pattern", ["*.py", "*.html", "*.js"])
def test_no_file_has_more_than_300_lines(pattern: str) -> None:
    written = [path for path in files(pattern) if "migrations" not in path.parts]

    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in written}
    long = {path: length for path, length in lengths.items() if length > LONGEST_FILE}

    assert long == {}


def test_no_function_has_more_than_30_lines() -> None:
    long = {
        f"{source.path}:{function.lineno} {function.name}": _lines_of_code(function)
        for source in python_files()
        for function in source.functions()
        if _lines_of_code(function) > LONGEST_FUNCTION and not function.name.startswith("test_")
    }

    assert long == {}


def test_no_module_has_a_meaningless_name() -> None:
    places = [part for source in python_files() for part in source.path.with_suffix("").parts]

    assert NAMES_THAT_SAY_NOTHING.isdisjoint(places)


@pytest.mark.parametrize(
    "unwanted",
    [
        pytest.param(LOOSE_END, id="notes of work left undone"),
        pytest.param(BARE_IGNORE, id="type errors ignored without their name"),
        pytest.param(UNMEASURED, id="lines kept from the coverage"),
    ],
)
def test_no_comment_hides_problems(unwanted: re.Pattern[str]) -> None:
    found = [
        f"{source.path}:{number}"
        for source in python_files()
        for number, line in enumerate(source.text.splitlines(), start=1)
        if unwanted.search(line)
    ]

    assert found == []


def _lines_of_code(function: Function) -> int:
    assert function.end_lineno is not None
    whole = function.end_lineno - function.lineno + 1
    docstring = function.body[0] if ast.get_docstring(function) else None
    if docstring is None or docstring.end_lineno is None:
        return whole
    return whole - (docstring.end_lineno - docstring.lineno + 1)
