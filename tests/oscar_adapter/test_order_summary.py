"""The summary of an order adds up to its total, in one query."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from oscar_mpesa.oscar_adapter.order_summary import order_summary
from tests.query_counts import counted
from tests.shop import new_order

pytestmark = pytest.mark.django_db


def order_with_delivery(*, total: str) -> Any:
    """Return an order of two lines of KSh 100 with delivery for KSh 250."""
    order = new_order(lines=2, total=total)
    order.shipping_incl_tax = Decimal(250)
    return order


def test_summary_has_the_lines_and_totals_in_one_query() -> None:
    order = order_with_delivery(total="450.00")

    with counted() as count:
        summary = order_summary(order)

    assert [(line.quantity, line.price) for line in summary.lines] == [(1, Decimal(100))] * 2
    assert all(line.title for line in summary.lines)
    assert (summary.delivery, summary.other, summary.total) == (Decimal(250), Decimal(0), Decimal(450))
    assert len(count) == 1, str(count)


@pytest.mark.parametrize(("total", "other", "is_rounding"), [("450.50", "0.50", True), ("500.00", "50.00", False)])
def test_difference_below_a_shilling_is_rounding(total: str, other: str, is_rounding: bool) -> None:
    summary = order_summary(order_with_delivery(total=total))

    assert (summary.other, summary.is_rounding) == (Decimal(other), is_rounding)
