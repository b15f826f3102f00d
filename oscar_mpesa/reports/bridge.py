"""Explain, for some days, why the totals of Oscar's orders differ from the money that M-PESA took.

Oscar's report "Orders placed" lists all orders by ``date_placed``, whatever their status and currency. The "Total
revenue" of Oscar's dashboard adds up ``total_incl_tax`` of the same orders. So both have unpaid and canceled orders.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from oscar_mpesa.reports.bridge_rows import OrderMoney, read_orders
from oscar_mpesa.services.ledger import NOTHING, TOLERANCE


@dataclass(slots=True, kw_only=True)
class Part:
    """One line of the bridge: a number of orders, and their shillings."""

    count: int = 0
    amount: Decimal = NOTHING

    def add(self, amount: Decimal) -> None:
        """Add what an order has on this line; nothing if that is zero."""
        self.count += bool(amount)
        self.amount += amount

    def add_order(self, order: OrderMoney) -> None:
        """Add an order with its total, also if it costs nothing."""
        self.count += 1
        self.amount += order.total


@dataclass(slots=True, kw_only=True)
class Bridge:
    """The lines from the orders placed on some days to the money taken on them.

    ``placed`` less all other parts is ``taken_for_these``. With ``for_other_orders``, and without ``on_other_days``,
    it is ``taken``, the income of the days. ``differences`` are below KSh 1 an order, or below zero where an order got
    more than its total. ``other_currencies`` are apart from all of this.
    """

    placed: Part = field(default_factory=Part)
    without_mpesa: Part = field(default_factory=Part)
    other_environment: Part = field(default_factory=Part)
    other_payments: Part = field(default_factory=Part)
    unpaid_open: Part = field(default_factory=Part)
    unpaid_ended: Part = field(default_factory=Part)
    recorded: Part = field(default_factory=Part)
    credits: Part = field(default_factory=Part)
    differences: Part = field(default_factory=Part)
    taken_for_these: Decimal = NOTHING
    for_other_orders: Decimal = NOTHING
    on_other_days: Decimal = NOTHING
    other_currencies: dict[str, Part] = field(default_factory=dict)

    @property
    def taken(self) -> Decimal:
        """Return the income of the days."""
        return self.taken_for_these + self.for_other_orders - self.on_other_days


def bridge(environment: str, first: date, last: date, *, taken: Decimal) -> Bridge:
    """Return the bridge of the Nairobi days ``first`` to ``last``, both included; ``taken`` is their income.

    Makes five queries, however many orders there are. Entries that were posted after ``last`` do not change it. Totals,
    statuses and other payments are as of now, because Oscar keeps no history of them.
    """
    found = read_orders(environment, first, last)
    number, total = found.without_mpesa
    result = Bridge(
        placed=Part(count=number, amount=total),
        without_mpesa=Part(count=number, amount=total),
        other_currencies={currency: Part(count=count, amount=sums) for currency, count, sums in found.other_currencies},
    )
    for order in found.orders:
        result.placed.add_order(order)
        if order.is_without_mpesa:
            result.without_mpesa.add_order(order)
        elif order.is_counted:
            _add_counted(result, order)
        else:
            result.other_environment.add(order.total)
    in_days = sum((each.in_days for each in found.orders), NOTHING)
    result.on_other_days, result.for_other_orders = result.taken_for_these - in_days, taken - in_days
    return result


def _add_counted(result: Bridge, order: OrderMoney) -> None:
    """Add an order to the lines that explain its total. Together they are the total."""
    uncovered = order.total - order.others - order.credits - order.worth
    recorded = min(order.claimed, uncovered) if uncovered >= TOLERANCE else NOTHING
    rest = uncovered - recorded
    unpaid = result.unpaid_ended if order.is_over else result.unpaid_open
    (result.differences if rest < TOLERANCE else unpaid).add(rest)
    result.other_payments.add(order.others)
    result.recorded.add(recorded)
    result.credits.add(order.credits)
    result.taken_for_these += order.worth
