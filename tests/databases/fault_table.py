"""Print the cells of the fault matrix as a table, also those that xdist's workers ran."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

#: The property of a test's report that holds its cell.
PROPERTY = "fault_cell"

ACTS = ("place", "callback", "poll", "retry", "reconcile", "close")


def record_cell(record_property: Callable[[str, object], None], fault: str, act: str, text: str) -> None:
    """Record what became of a cell: ``ok 0.3 s``, or the first line of what went wrong."""
    record_property(PROPERTY, [fault, act, text])


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print one row for each fault, and a column for each act. A cell that did not run is a dash."""
    table: dict[str, dict[str, str]] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", []):
                if name == PROPERTY:
                    fault, act, text = value
                    table.setdefault(fault, {})[act] = text
    if not table:
        return
    terminalreporter.section("fault matrix")
    for line in table_lines(table):
        terminalreporter.write_line(line)


def table_lines(table: dict[str, dict[str, str]]) -> list[str]:
    """Return the lines of the table. Long cells stand below it, so that the columns stay narrow."""
    rows, notes = [["fault", *ACTS]], []
    for fault in sorted(table):
        cells = [table[fault].get(act, "-") for act in ACTS]
        notes += [f"{fault} x {act}: {cell}" for act, cell in zip(ACTS, cells, strict=True) if not is_short(cell)]
        rows.append([fault, *(cell if is_short(cell) else "FAILED" for cell in cells)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ] + notes


def is_short(cell: str) -> bool:
    """Return whether a cell fits its column."""
    return cell == "-" or cell.startswith("ok ")
