"""Django cannot log a ``functools.partial`` that raises after the commit: it has no ``__qualname__``."""

from __future__ import annotations

import ast

from tests.house.sources import python_files


def partials(tree: ast.AST) -> list[int]:
    """Return the lines that pass a partial to ``on_commit``, directly or by a name that is assigned one."""
    named = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and is_partial(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return [
        call.lineno
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and last_name(call.func) == "on_commit"
        for hook in [*call.args, *(keyword.value for keyword in call.keywords)]
        if is_partial(hook) or last_name(hook) in named
    ]


def is_partial(node: ast.AST) -> bool:
    """Return whether the expression calls ``partial`` or ``functools.partial``."""
    return isinstance(node, ast.Call) and last_name(node.func) == "partial"


def last_name(node: ast.AST) -> str:
    """Return the last part of a dotted name, empty for other expressions."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def test_no_commit_hook_is_a_partial() -> None:
    found = {str(source.path): lines for source in python_files() if (lines := partials(source.tree))}
    examples = "transaction.on_commit(partial(f, 1), robust=True)\nhook = functools.partial(f)\non_commit(hook)"

    assert found == {}
    assert partials(ast.parse(examples)) == [1, 3]
    assert partials(ast.parse("on_commit(lambda: f(1), robust=True)")) == []
