"""A bookkeeper reconciles a month to Oscar's orders, to the shilling, with only a browser."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.browser.bookkeeper import Bookkeeper, added, shown
from tests.reports.bridge_month import BridgeMonth

pytestmark = pytest.mark.browser

#: What the entries of orders' money add to the income, by what the file calls them.
INCOME = {
    "matched to the order": ("Matched to orders", 1),
    "no longer counts for the order": ("Matched to orders", 1),
    "refunded": ("Out", -1),
    "refund voided": ("Out", -1),
}


def income(rows: list[dict[str, str]]) -> Decimal:
    """Add up what was taken, as somebody does in a spreadsheet."""
    signed = (INCOME[row["What"]] + (row,) for row in rows if row["What"] in INCOME)
    return sum((sign * Decimal(row[column]) for column, sign, row in signed), Decimal(0))


def test_month_is_reconciled_to_oscars_orders_to_the_shilling(new_visitor: Any) -> None:
    BridgeMonth()
    desk = Bookkeeper(new_visitor(width=1280))

    desk.person.goes("dashboard/mpesa/money/months/?month=2026-11")
    desk.person.looks("month")
    lines, rows = dict(desk.lines()["bridge"]), desk.downloads()
    orders = desk.oscars_orders()
    dollars = {number: total for number, total in orders.items() if total.startswith(("US", "$"))}
    placed = added(shown(total) for number, total in orders.items() if number not in dollars)

    assert [shown(total) for total in dollars.values()] == ["120.00"]
    assert placed == added([lines["Orders placed, as Oscar counts them"]]) == Decimal("12336.50")
    *parts, taken_for_these = list(lines.values())[: list(lines).index("Taken for these orders") + 1]
    assert added(parts) == added([taken_for_these])
    own = [row for row in rows if row.get("Order") in orders]
    others = [row for row in rows if row.get("Order") not in orders]
    on_other_days = added([lines["Taken for these orders on other days"]])
    assert income(own) == added([taken_for_these]) + on_other_days
    assert income(others) == added([lines["Taken on these days for orders of other days"]]) == 1100
    assert income(rows) == added([lines["Taken"]]) == 8260
