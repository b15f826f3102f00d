"""No question of the overview reads a table from end to end: an old shop's page opens as fast as a young one's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from oscar_mpesa.alerts.rules import active_alerts
from oscar_mpesa.reports.statistics import statistics
from tests.alerts.connectivity_rows import with_credentials
from tests.query_counts import counted
from tests.shop import NOON

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="each database words its plans in its own way"),
]

#: One row for each thing that runs by itself, and calls by the primary key, the last 200 of them.
MAY_BE_SCANNED = ("SCAN oscar_mpesa_mpesajobrun", "SCAN oscar_mpesa_mpesaapicall")


def plan(sql: str) -> list[str]:
    """How SQLite means to answer, a line for each step."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        return [row[-1] for row in cursor.fetchall()]


@pytest.mark.parametrize("ask", [active_alerts, statistics])
def test_every_question_finds_its_rows_by_an_index(settings: Any, ask: Callable[..., Any]) -> None:
    with_credentials(settings)
    with counted() as asked:
        ask(NOON)

    steps = [step for sql in asked for step in plan(sql)]

    scans = [step for step in steps if step.startswith(("SCAN oscar", "SCAN order"))]
    assert [step for step in scans if not step.startswith(MAY_BE_SCANNED)] == []
    assert [step for step in steps if step.startswith("SEARCH oscar_mpesa_mpesapayment USING")] != []


def test_the_calls_are_read_from_the_newest_on(settings: Any) -> None:
    with_credentials(settings)
    with counted() as asked:
        active_alerts(NOON)

    (of_calls,) = [sql for sql in asked if 'FROM "oscar_mpesa_mpesaapicall"' in sql]

    assert plan(of_calls) == ["SCAN oscar_mpesa_mpesaapicall"]  # by its key, so without a sort
