"""Read PostgreSQL's query plans: their nodes, without costs and row counts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from statistics import median
from time import perf_counter
from typing import Any

from django.db import connection

from tests.query_counts import counted

#: A query's nodes from the outermost, each with its index, or with its table if it uses none.
Plan = tuple[str, ...]


def plans_of(call: Callable[[], Any]) -> list[Plan]:
    """Return the plan of each query that a call makes; the call must not write."""
    with counted() as queries:
        call()
    selects = [sql for sql in queries if not sql.startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"))]
    assert selects and all(sql.startswith(("SELECT", "(SELECT")) for sql in selects), str(queries)
    return [plan_of(sql) for sql in selects]


def plan_of(sql: str) -> Plan:
    """Return the plan that PostgreSQL makes now."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
        plan = cursor.fetchone()[0]
    [document] = json.loads(plan) if isinstance(plan, str) else plan
    return tuple(_nodes(document["Plan"]))


def _nodes(node: dict[str, Any]) -> Iterator[str]:
    where = node.get("Index Name") or node.get("Relation Name") or ""
    yield f"{node['Node Type']} {where}".rstrip()
    for inner in node.get("Plans", []):
        yield from _nodes(inner)


def seconds(call: Callable[[], Any], *, times: int = 30) -> float:
    """Return the median time of a call."""
    times_taken = []
    for _ in range(times):
        started = perf_counter()
        call()
        times_taken.append(perf_counter() - started)
    return median(times_taken)
