"""SQLite under the name of MySQL, so that the check of its isolation level needs no server."""

from __future__ import annotations

from typing import Any

from django.db.backends.sqlite3 import base


class DatabaseWrapper(base.DatabaseWrapper):
    """Connect without the option of MySQL."""

    def get_connection_params(self) -> dict[str, Any]:
        """Drop the isolation level."""
        params: dict[str, Any] = super().get_connection_params()
        params.pop("isolation_level", None)
        return params
