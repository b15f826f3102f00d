"""No query of the overview scans a whole table, so the page stays fast as the shop grows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from oscar_mpesa.alerts.rules import active_alerts
from oscar_mpesa.reports.comparison import figures_of_days
from oscar_mpesa.reports.period import period_figures
from oscar_mpesa.reports.statistics import statistics
from tests.alerts.connectivity_rows import with_credentials
from tests.query_counts import counted
from tests.reports.plans import plan
from tests.shop import NOON

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="each database writes its plans differently"),
]

#: One row for each job, and the last 200 calls by primary key.
MAY_BE_SCANNED = ("SCAN oscar_mpesa_mpesajobrun", "SCAN oscar_mpesa_mpesaapicall")


def figures_of_today(now: Any) -> None:
    figures_of_days(now.date(), now.date(), now=now)


@pytest.mark.parametrize("read", [active_alerts, statistics, figures_of_today])
def test_every_query_uses_an_index(settings: Any, read: Callable[..., Any]) -> None:
    with_credentials(settings)
    with counted() as queries:
        read(NOON)

    steps = [step for sql in queries for step in plan(sql)]

    scans = [step for step in steps if step.startswith(("SCAN oscar", "SCAN order"))]
    assert [step for step in scans if not step.startswith(MAY_BE_SCANNED)] == []
    assert [step for step in steps if step.startswith("SEARCH oscar_mpesa_mpesapayment USING")] != []


def test_month_report_reads_its_days_by_an_index() -> None:
    with counted() as queries:
        period_figures("simulated", NOON.date(), NOON.date())

    steps = [step for sql in queries for step in plan(sql)]

    assert [step for step in steps if step.startswith(("SCAN oscar", "SCAN order", "SCAN payment"))] == []
    assert [step for step in steps if "mpesa_allocation_posted_on" in step] != []


def test_api_calls_are_read_newest_first_without_sorting(settings: Any) -> None:
    with_credentials(settings)
    with counted() as queries:
        active_alerts(NOON)

    (latest,) = [sql for sql in queries if 'FROM "oscar_mpesa_mpesaapicall" ORDER BY' in sql]
    (counts,) = [sql for sql in queries if 'FROM "oscar_mpesa_mpesaapicall" WHERE' in sql]

    assert [step for step in plan(counts) if "USING INDEX mpesa_call_budget" in step] != []
    assert plan(latest) == ["SCAN oscar_mpesa_mpesaapicall"]  # by primary key, so without a sort
