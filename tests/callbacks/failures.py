"""Build callbacks that fail on their way in."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from django.db import OperationalError, connection

Execute = Callable[[str, Any, bool, dict[str, Any]], Any]


def failing(table: str) -> AbstractContextManager[None]:
    """A database that cannot write into one table."""
    words = f"INSERT INTO {connection.ops.quote_name(table)}"

    def refuse(execute: Execute, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if words in sql:
            raise OperationalError("disk full")
        return execute(sql, params, many, context)

    return connection.execute_wrapper(refuse)
