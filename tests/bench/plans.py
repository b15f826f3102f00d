"""How PostgreSQL finds what it is asked for: the nodes of its plans, without costs and numbers of rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from statistics import median
from time import perf_counter
from typing import Any

from django.db import connection

from tests.query_counts import counted

#: One query's nodes, from the outermost in: each with its index, or with its table where it goes without one.
Plan = tuple[str, ...]


def plans_of(look: Callable[[], Any]) -> list[Plan]:
    """The plan of each query that a look at something makes; its writes must be none."""
    with counted() as queries:
        look()
    asked = [sql for sql in queries if not sql.startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"))]
    assert asked and all(sql.startswith(("SELECT", "(SELECT")) for sql in asked), str(queries)
    return [plan_of(sql) for sql in asked]


def plan_of(sql: str) -> Plan:
    """The plan that PostgreSQL makes now."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
        told = cursor.fetchone()[0]
    [document] = json.loads(told) if isinstance(told, str) else told
    return tuple(_nodes(document["Plan"]))


def _nodes(node: dict[str, Any]) -> Iterator[str]:
    where = node.get("Index Name") or node.get("Relation Name") or ""
    yield f"{node['Node Type']} {where}".rstrip()
    for inner in node.get("Plans", []):
        yield from _nodes(inner)


def seconds(look: Callable[[], Any], *, times: int = 30) -> float:
    """How long a look takes, as a rule."""
    taken = []
    for _ in range(times):
        started = perf_counter()
        look()
        taken.append(perf_counter() - started)
    return median(taken)
