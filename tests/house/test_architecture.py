"""Hold the table *Where is it decided* of docs/architecture.md to the code."""

from __future__ import annotations

import ast
import re
from typing import NamedTuple

import pytest

from tests.house.sources import ROOT

ROW = re.compile(
    r"^\| (?P<question>[^|`]+\?) \| `(?P<path>oscar_mpesa/[^`]+\.py)` \| (?P<names>[^|]+) \|$", re.MULTILINE
)
MINIMUM_QUESTIONS = 20


class Decision(NamedTuple):
    """One row of the table: a question, a file, and the names in it that answer the question."""

    question: str
    path: str
    names: tuple[str, ...]


def decisions() -> list[Decision]:
    """Return the rows of the table."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    section = text.split("## Where is it decided", 1)[1].split("\n## ", 1)[0]
    return [
        Decision(row["question"], row["path"], tuple(re.findall(r"`([\w.]+)`", row["names"])))
        for row in ROW.finditer(section)
    ]


def names_in(body: list[ast.stmt], prefix: str = "") -> set[str]:
    """Return what a module or class defines, members of classes as ``Class.member``."""
    found: set[str] = set()
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(prefix + node.name)
        if isinstance(node, ast.ClassDef):
            found |= names_in(node.body, f"{prefix}{node.name}.")
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            named = (each for target in targets for each in ast.walk(target) if isinstance(each, ast.Name))
            found |= {prefix + each.id for each in named}
    return found


def test_table_of_decisions_answers_twenty_questions() -> None:
    questions = [decision.question for decision in decisions()]

    assert len(questions) >= MINIMUM_QUESTIONS
    assert len(questions) == len(set(questions))


@pytest.mark.parametrize("decision", decisions(), ids=lambda decision: decision.question)
def test_decision_is_in_its_file(decision: Decision) -> None:
    tree = ast.parse((ROOT / decision.path).read_text(encoding="utf-8"))

    assert decision.names
    assert set(decision.names) <= names_in(tree.body)
