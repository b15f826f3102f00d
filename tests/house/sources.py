"""The project's own files, as the house rules look at them."""

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
    """A Python file: its path from the root, its text, its tree."""

    path: Path
    text: str
    tree: ast.Module

    def functions(self) -> Iterator[Function]:
        """Every function of the file, methods and inner ones too."""
        return (node for node in ast.walk(self.tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))

    def imports(self) -> Iterator[str]:
        """Dotted names, as ``oscar_mpesa.conf.mpesa_settings`` for ``from oscar_mpesa.conf import mpesa_settings``."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


@lru_cache
def python_files(*trees: str) -> tuple[Source, ...]:
    """The written Python of these trees (all three, unless told), without migrations, which are generated."""
    return tuple(
        Source(path=path.relative_to(ROOT), text=text, tree=ast.parse(text))
        for path in files("*.py", *(trees or TREES))
        if "migrations" not in path.parts
        for text in [path.read_text(encoding="utf-8")]
    )


def files(pattern: str, *trees: str) -> list[Path]:
    """Whatever of these trees has such a name, without what only a running shop puts there."""
    found = (path for tree in trees or TREES for path in (ROOT / tree).rglob(pattern))
    return sorted(path for path in found if path.is_file() and not {"__pycache__", "var"} & set(path.parts))
