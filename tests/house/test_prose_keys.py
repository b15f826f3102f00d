"""No sentence is used as a key: enums and columns carry meaning, and interfaces make the sentences."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.house.sources import python_files

#: Methods that read or write rows by column.
QUERIES = frozenset({"filter", "exclude", "get", "update", "create", "get_or_create", "update_or_create", "Q"})
LOOKUPS = frozenset({"get", "pop", "setdefault", "startswith", "endswith", "removeprefix", "index", "count"})

#: ``(file, text)`` of strings that look like prose but are names.
ALLOWED: frozenset[tuple[str, str]] = frozenset(
    {
        # The databases' name of an isolation level.
        ("oscar_mpesa/checks/shop.py", "read committed"),
        # A type in quotes, not a key.
        ("oscar_mpesa/simulator/scenarios.py", "Reply | None"),
    }
)


def prose_keys(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Return line and text of each string with a space that code compares, looks up or filters by."""
    for node in ast.walk(tree):
        for operand in _operands(node):
            for text in _texts(operand):
                if " " in text.strip():
                    yield operand.lineno, text


def _operands(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Compare):
        return [node.left, *node.comparators]
    if isinstance(node, ast.Subscript):
        return [node.slice]
    if isinstance(node, ast.MatchValue):
        return [node.value]
    if isinstance(node, ast.Dict):
        return [key for key in node.keys if key is not None]
    return _arguments(node) if isinstance(node, ast.Call) else []


def _arguments(call: ast.Call) -> list[ast.expr]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    by_column = [keyword.value for keyword in call.keywords] if name in QUERIES else []
    by_key = call.args[:1] if name in LOOKUPS else []
    return [*by_column, *by_key]


def _texts(node: ast.expr) -> Iterator[str]:
    """Return the string itself, or those of a literal tuple, list or set."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        for each in node.elts:
            yield from _texts(each)


@pytest.mark.parametrize(
    "code",
    [
        'event.what == "callback worked through again"',
        'call.error in {"read timed out", "x"}',
        'rows.filter(what="money to sort out")',
        'Q(why__startswith="the same money as ")',
        'SENTENCES = {"money arrived": "the money is here"}',
        'SENTENCES["money arrived"]',
        'SENTENCES.get("money arrived", "")',
        'reason.startswith("the order is")',
    ],
)
def test_scan_finds_prose_used_as_key(code: str) -> None:
    assert len(list(prose_keys(ast.parse(code)))) == 1


@pytest.mark.parametrize(
    "code",
    ['status == "paid"', 'rows.filter(kind="push")', 'TABLE["paid"]', 'say("two words")', 'text.split(" ")'],
)
def test_scan_passes_codes_and_sentences(code: str) -> None:
    assert list(prose_keys(ast.parse(code))) == []


def found_in_package() -> dict[tuple[str, str], int]:
    """Return the line of each prose key, by file and text."""
    return {
        (source.path.as_posix(), text): line
        for source in python_files("oscar_mpesa")
        for line, text in prose_keys(source.tree)
    }


def test_package_uses_no_prose_as_key() -> None:
    found = found_in_package()

    new = [f"{path}:{found[path, text]}: {text!r}" for path, text in found]
    assert sorted(new) == sorted(f"{path}:{found.get((path, text))}: {text!r}" for path, text in ALLOWED)
