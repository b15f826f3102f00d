"""Restore the test's database within a millisecond, for tests that begin anew a thousand times."""

from __future__ import annotations

import sqlite3
from types import TracebackType

from django.db import connection


class Snapshot:
    """Every row of the test's SQLite database, as it was when the snapshot was taken."""

    def __init__(self) -> None:
        connection.ensure_connection()
        self._copy = sqlite3.connect(":memory:")
        connection.connection.backup(self._copy)

    def restore(self) -> None:
        """Restore every row; call it outside a transaction."""
        self._copy.backup(connection.connection)

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._copy.close()
