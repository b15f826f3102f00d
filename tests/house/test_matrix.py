"""The matrix has every version that we support, and shows what can't be installed."""

from __future__ import annotations

from tests.matrix.__main__ import Result, table
from tests.matrix.cells import EVERYTHING, OSCARS, SELECTION, Cell, cells, djangos, pythons
from tests.matrix.declared import ROOT, lowest_constraints, lowest_versions

OLDEST = Cell(python="3.10", django="4.2", oscar="4.0")
MIDDLE = Cell(python="3.11", django="5.2", oscar="4.1")


def test_each_combination_and_the_lowest_versions_are_one_cell() -> None:
    found = list(cells())

    assert len(found) == len({cell.name for cell in found}) == len(pythons()) * len(djangos()) * len(OSCARS) + 1
    assert [cell.name for cell in found if cell.is_lowest] == ["lowest-py310-dj42-oscar40"]


def test_corners_run_all_tests_and_others_run_a_selection() -> None:
    corners = [cell.name for cell in cells() if cell.is_corner]

    assert corners == ["py310-dj42-oscar40", "py313-dj60-oscar42", "lowest-py310-dj42-oscar40"]
    assert OLDEST.tests(is_complete=False) == MIDDLE.tests(is_complete=True) == EVERYTHING
    assert MIDDLE.tests(is_complete=False) == SELECTION
    assert all((ROOT / path).exists() for path in SELECTION)


def test_lowest_versions_are_those_of_the_declaration() -> None:
    declared = (ROOT / "setup.cfg").read_text(encoding="utf-8")

    assert {"Django", "django-oscar", "requests", "openpyxl", "pytest"} <= set(lowest_versions())
    assert all(each.replace("==", ">=") in declared for each in lowest_constraints())


def test_oscar_before_4_2_gets_an_older_treebeard() -> None:
    assert "django-treebeard<5" in MIDDLE.constraints()
    assert "django-treebeard<5" not in Cell(python="3.11", django="5.2", oscar="4.2").constraints()


def test_table_shows_each_result_with_its_reason() -> None:
    new = Cell(python="3.10", django="6.0", oscar="4.2")
    results = [
        Result(cell=MIDDLE, text="passed", is_fine=True, tests=900, seconds=61.4),
        Result(cell=new, text=f"not installed: {new.gap}", is_fine=True, seconds=2),
    ]

    header, *rows = (line.split(maxsplit=3) for line in table(results))

    assert header[:3] == ["Python", "Django", "Oscar"]
    assert [row[:3] for row in rows] == [["3.11", "5.2", "4.1"], ["3.10", "6.0", "4.2"]]
    assert rows[0][3].split() == ["passed", "900", "61"]
    assert rows[1][3].split() == ["not", "installed:", *"Django 6.0 requires Python 3.12 - 2".split()]
