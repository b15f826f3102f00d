"""The table of ``make stores``: what works in each store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.stores.process import result_of
from tests.stores.shapes import Shape

OK, NONE, FAILED = "yes", "none", "NO"

#: The columns, and the beginnings of the names of their tests.
COLUMNS = {
    "lines": "test_readme_lines_are_all",
    "README": "test_store_takes_the_readme",
    "check clean": "test_manage_py_check",
    "live check clean": "test_check_of_the_checkout",
    "M-PESA sells": "test_mpesa_sells",
    "own method sells": "test_own_method_sells",
    "no push for it": "test_own_method_sends_no_prompt",
}
OF_OWN_METHODS = ("own method sells", "no push for it")


@dataclass(frozen=True, kw_only=True)
class Row:
    """A store with its cells, and with the reports of the tests that failed."""

    shape: Shape
    cells: dict[str, str]
    errors: list[str]

    @property
    def is_green(self) -> bool:
        """Return whether all of the store's tests passed, and all cells are filled."""
        return FAILED not in self.cells.values() and not self.errors


def row_of(shape: Shape) -> Row:
    """Run a store's tests in a process of its own, if it can be run here."""
    if not shape.is_run:
        return Row(shape=shape, cells=dict.fromkeys(COLUMNS, shape.notes[""]), errors=[])
    result = result_of(shape.settings_module)
    errors: list[str] = result["errors"]
    if result["code"] and not errors:
        errors = ["pytest ended with an error"]
    return Row(shape=shape, cells={name: _cell(shape, name, result) for name in COLUMNS}, errors=errors)


def _cell(shape: Shape, column: str, result: dict[str, Any]) -> str:
    if column in shape.notes:
        return shape.notes[column]
    if column in OF_OWN_METHODS and not shape.methods:
        return NONE
    outcomes = [outcome for test, outcome in result["outcomes"].items() if test.startswith(COLUMNS[column])]
    if not outcomes or set(outcomes) != {"passed"}:
        return FAILED
    return str(result["values"].get(column, OK))


def as_text(rows: list[Row]) -> str:
    """Return the table with aligned columns."""
    head = ["", "store", *COLUMNS]
    lines = [[str(row.shape.number), row.shape.words, *(row.cells[name] for name in COLUMNS)] for row in rows]
    widths = [max(len(line[place]) for line in [head, *lines]) for place in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in [head, *lines]
    )
