"""Read SQLite's query plans."""

from __future__ import annotations

from django.db import connection


def plan(sql: str) -> list[str]:
    """Return SQLite's query plan, a line for each step."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        return [row[-1] for row in cursor.fetchall()]
