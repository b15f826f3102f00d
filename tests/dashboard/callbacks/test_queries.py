"""Pages of callbacks: newest first, filtered, and as fast with many rows."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection

from oscar_mpesa.dashboard.callbacks.queries import MEANINGS, CallbackFilter, callback_page
from oscar_mpesa.models import MpesaCallback, Verdict
from tests.query_counts import counted
from tests.shop import NOON, later, new_payment

pytestmark = pytest.mark.django_db

DAY = date(2026, 11, 23)


def many(count: int, *, verdict: str = "unverified", pause: float = 1, **columns: Any) -> list[MpesaCallback]:
    """Create this many callbacks, each ``pause`` seconds after the one before."""
    return MpesaCallback.objects.bulk_create(
        MpesaCallback(
            body=b"{}", received_at=later(pause * number), environment="production", verdict=verdict, **columns
        )
        for number in range(count)
    )


def ids(**filters: Any) -> list[int]:
    return [row.pk for row in callback_page(CallbackFilter(**filters)).rows]


@pytest.mark.parametrize("pause", [0, 1], ids=["all in one moment", "one after the other"])
def test_pages_have_no_gaps_or_repeats(pause: int) -> None:
    rows = many(2 * 25 + 3, pause=pause)

    seen, before = [], None
    while True:
        page = callback_page(CallbackFilter(before=before))
        seen += [row.pk for row in page.rows]
        before = page.older
        if before is None:
            break

    assert seen == [row.pk for row in reversed(rows)]


def test_callbacks_are_filtered_by_verdict() -> None:
    many(3)
    (applied,) = many(1, verdict="applied")

    assert ids(verdict="applied") == [applied.pk]


def test_day_is_in_nairobi() -> None:
    midnight = NOON.replace(hour=21)  # in UTC, and three hours later there
    at = [
        midnight - timedelta(days=1, seconds=1),
        midnight - timedelta(days=1),
        midnight - timedelta(seconds=1),
        midnight,
    ]
    rows = many(len(at))
    for row, moment in zip(rows, at, strict=True):
        row.received_at = moment
    MpesaCallback.objects.bulk_update(rows, ["received_at"])

    assert ids(day=DAY) == [rows[2].pk, rows[1].pk]


def test_page_after_a_deleted_callback_starts_at_the_newest() -> None:
    (row,) = many(1)

    assert ids(before=row.pk + 1000) == [row.pk]


def test_page_costs_one_query_without_bodies() -> None:
    many(3, payment=new_payment(), verdict="applied")

    with counted() as count:
        [str(row.payment and row.payment.mpesa_order.order.number) for row in callback_page(CallbackFilter()).rows]

    assert len(count) == 1 and '"body"' not in count[0], str(count)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's plan")
@pytest.mark.parametrize(
    "filters",
    [
        pytest.param({}, id="all"),
        pytest.param({"verdict": "failed"}, id="a verdict"),
        pytest.param({"day": DAY}, id="a day"),
        pytest.param({"verdict": "failed", "day": DAY}, id="both"),
        pytest.param({"verdict": "failed", "before": 1}, id="an older page"),
    ],
)
def test_page_is_ordered_by_an_index(filters: dict[str, Any]) -> None:
    (row,) = many(1, verdict="failed")
    asked = CallbackFilter(**{**filters, "before": row.pk} if "before" in filters else filters)
    with counted() as count:
        callback_page(asked)

    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {count[-1]}")
        plan = " · ".join(row[-1] for row in cursor.fetchall())

    assert "INDEX" in plan and "TEMP B-TREE" not in plan


def test_every_verdict_has_a_meaning() -> None:
    assert set(MEANINGS) == set(Verdict)
