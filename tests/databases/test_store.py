"""A shop with a transaction around each request sells on a database server, in its own process."""

from __future__ import annotations

import pytest

from tests.stores.shapes import SHAPES
from tests.stores.table import row_of

pytestmark = pytest.mark.databases


def test_store_sells_on_a_database_server() -> None:
    row = row_of(next(shape for shape in SHAPES if shape.package == "postgresql"))

    assert row.errors == [], "\n\n".join(row.errors)
    assert set(row.cells.values()) == {row.cells["lines"], "yes"}
