"""Make database writes fail."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from django.db import OperationalError, connection

Execute = Callable[[str, Any, bool, dict[str, Any]], Any]


def failing(table: str) -> AbstractContextManager[None]:
    """Raise ``OperationalError`` for every INSERT into the table."""
    statement = f"INSERT INTO {connection.ops.quote_name(table)}"

    def refuse_insert(execute: Execute, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if statement in sql:
            raise OperationalError("disk full")
        return execute(sql, params, many, context)

    return connection.execute_wrapper(refuse_insert)
