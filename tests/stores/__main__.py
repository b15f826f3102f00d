"""Run all stores, two at a time, and print the table. ``make stores`` runs this module."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

from tests.stores.shapes import SHAPES
from tests.stores.table import as_text, row_of


def main(words: list[str]) -> int:
    """Run the stores with these numbers or folders, or else all of them. Returns 1 unless all are green."""
    chosen = [shape for shape in SHAPES if not words or {str(shape.number), shape.package} & set(words)]
    with ThreadPoolExecutor(max_workers=2) as workers:
        rows = list(workers.map(row_of, chosen))
    for row in rows:
        for error in row.errors:
            sys.stdout.write(f"--- {row.shape.number} {row.shape.package}: {error}\n\n")
    sys.stdout.write(as_text(rows) + "\n")
    return 0 if rows and all(row.is_green for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
