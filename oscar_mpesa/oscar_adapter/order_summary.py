"""Sum up an order's lines and totals for its payment page."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryLine:
    """One line of an order: its price, in shillings, is with taxes and after discounts."""

    title: str
    quantity: int
    price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSummary:
    """What an order consists of, in shillings with taxes. ``other`` are its surcharges, the rounding among them."""

    lines: tuple[SummaryLine, ...]
    delivery: Decimal
    other: Decimal
    total: Decimal

    @property
    def is_rounding(self) -> bool:
        """Whether ``other`` is less than a shilling, as rounding is."""
        return abs(self.other) < 1


def order_summary(order: Any) -> OrderSummary:
    """Return the lines and totals of an order. Makes one query."""
    rows = order.lines.order_by("pk").values_list("title", "quantity", "line_price_incl_tax")
    lines = tuple(SummaryLine(title=title, quantity=quantity, price=price) for title, quantity, price in rows)
    delivery, total = order.shipping_incl_tax, order.total_incl_tax
    other = total - delivery - sum((line.price for line in lines), Decimal(0))
    return OrderSummary(lines=lines, delivery=delivery, other=other, total=total)
