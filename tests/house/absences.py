"""Find the tests that assert only that something is not there."""

from __future__ import annotations

import ast

from tests.house.sources import Function

#: Helpers whose ``with`` block asserts a presence.
_PRESENCES = ("raises", "failing_queries", "just_before")


def asserts_only_absences(test: Function) -> bool:
    """Return whether all asserts of a test would also hold for a blank page or an empty list."""
    asserts = [node.test for node in ast.walk(test) if isinstance(node, ast.Assert)]
    blocks = [ast.unparse(node.context_expr) for node in ast.walk(test) if isinstance(node, ast.withitem)]
    is_shown = any(word in block for block in blocks for word in _PRESENCES)
    return bool(asserts) and not is_shown and all(_is_absence(each) for each in asserts)


def _is_absence(expression: ast.expr) -> bool:
    if isinstance(expression, ast.UnaryOp):
        return isinstance(expression.op, ast.Not)
    if isinstance(expression, ast.BoolOp):
        return all(_is_absence(each) for each in expression.values)
    return isinstance(expression, ast.Compare) and _compares_with_nothing(expression)


def _compares_with_nothing(comparison: ast.Compare) -> bool:
    if isinstance(comparison.ops[0], ast.NotIn):
        return not isinstance(
            comparison.comparators[0], (ast.Set, ast.Tuple, ast.List)
        )  # a few values: one of the others is present
    operators = (ast.Is, ast.Eq)
    return isinstance(comparison.ops[0], operators) and _is_nothing(comparison.comparators[-1])


def _is_nothing(value: ast.expr) -> bool:
    """None, False, 0, an empty text or container, or a tuple of such."""
    if isinstance(value, ast.Constant):
        return not value.value
    if isinstance(value, ast.Tuple):
        return all(_is_nothing(each) for each in value.elts)
    return ast.unparse(value) in {"[]", "{}", "set()"}
