"""Long lists are counted and shown only up to a limit."""

from __future__ import annotations

import pytest

from oscar_mpesa.models import MpesaReceipt
from oscar_mpesa.reports.pagination import CappedPaginator
from tests.dashboard.staff import new_receipt
from tests.query_counts import counted

pytestmark = pytest.mark.django_db


class ShortPaginator(CappedPaginator):
    """Counts five rows and shows three."""

    counted = 5
    reachable = 3


@pytest.mark.parametrize(
    ("rows", "found", "count", "is_capped", "ends_early"),
    [(2, 2, 2, False, False), (4, 4, 3, False, True), (5, 5, 3, False, True), (8, 6, 3, True, True)],
)
def test_rows_beyond_limits_are_neither_counted_nor_shown(
    rows: int, found: int, count: int, is_capped: bool, ends_early: bool
) -> None:
    for number in range(rows):
        new_receipt(f"OD00000{number:03}")
    pages = ShortPaginator(MpesaReceipt.objects.order_by("pk"), 2)

    with counted() as queries:
        shown = (pages.found, pages.count, pages.is_capped, pages.ends_early)

    assert shown == (found, count, is_capped, ends_early)
    assert len(queries) == 1 and "LIMIT 6" in str(queries)


@pytest.mark.parametrize(("requested", "size"), [(-5, 1), (0, 1), (25, 25), (100, 100), (5_000, 100)])
def test_page_has_one_to_hundred_rows(requested: int, size: int) -> None:
    assert CappedPaginator(MpesaReceipt.objects.order_by("pk"), requested).per_page == size
