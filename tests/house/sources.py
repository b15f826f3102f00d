"""Read the project's own files, for the house tests."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TREES = ("oscar_mpesa", "sandbox_site", "tests")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, kw_only=True)
class Source:
    """A Python file: its path from the root, its text and its syntax tree."""

    path: Path
    text: str
    tree: ast.Module

    def functions(self) -> Iterator[Function]:
        """Return every function of the file, including methods and inner functions."""
        return (node for node in ast.walk(self.tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))

    def imports(self) -> Iterator[str]:
        """Return the dotted name of every import, such as ``oscar_mpesa.conf.mpesa_settings``."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


@lru_cache
def python_files(*trees: str) -> tuple[Source, ...]:
    """Return the Python files of these trees, by default all three, without generated migrations."""
    return tuple(
        Source(path=path.relative_to(ROOT), text=text, tree=ast.parse(text))
        for path in files("*.py", *(trees or TREES))
        if "migrations" not in path.parts
        for text in [path.read_text(encoding="utf-8")]
    )


def files(pattern: str, *trees: str) -> list[Path]:
    """Return the files of these trees that match the pattern, without those that a running shop creates."""
    paths = (path for tree in trees or TREES for path in (ROOT / tree).rglob(pattern))
    return sorted(path for path in paths if path.is_file() and not {"__pycache__", "var"} & set(path.parts))
