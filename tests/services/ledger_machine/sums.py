"""The rows of a model of money, and what they add up to: plain sums, without any code of the app.

Orders, receipts, claims and refunds have keys that the test chooses. Amounts are shillings.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_CEILING, Decimal

COUNTING = {"requested", "approved", "sent", "unknown", "completed"}
RESERVING = COUNTING - {"completed"}


@dataclass(kw_only=True, eq=False)
class Order:
    """``closed`` is why the order was closed, or empty."""

    key: int
    total: Decimal
    has_payments: bool
    is_canceled: bool = False
    closed: str = ""
    has_new_total: bool = False


@dataclass(kw_only=True, eq=False)
class Receipt:
    """Money that Safaricom reported.

    ``matched_to`` are the orders that staff gave it to, ``unmatched_from`` those they took it from.
    """

    key: int
    order: int
    amount: Decimal
    asked: Decimal
    paid_at: datetime
    number: str | None
    unmatched_from: set[int] = field(default_factory=set)
    matched_to: set[int] = field(default_factory=set)


@dataclass(kw_only=True, eq=False)
class Claim:
    """A code that staff reported. ``names`` is the money that it may be, or is.

    ``is_displaced`` says that it gave way to money that staff matched.
    """

    key: int
    order: int
    amount: Decimal
    number: str
    names: Receipt | None = None
    is_open: bool = True
    is_displaced: bool = False


@dataclass(kw_only=True, eq=False)
class Entry:
    """So much of a receipt or claim counts for an order, or for none."""

    money: Receipt | Claim
    order: int | None
    amount: Decimal

    @property
    def is_proven(self) -> bool:
        return isinstance(self.money, Receipt)


@dataclass(kw_only=True, eq=False)
class Refund:
    """So much of a receipt was sent back, or may be sent."""

    key: int
    receipt: Receipt
    entry: Entry | None
    amount: Decimal
    is_credit: bool
    status: str


def add_up(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))


class Sums:
    """What the entries add up to. ``entries`` are the active ones, oldest first."""

    def __init__(self) -> None:
        self.orders: dict[int, Order] = {}
        self.receipts: dict[int, Receipt] = {}
        self.claims: dict[int, Claim] = {}
        self.entries: list[Entry] = []
        self.refunds: dict[int, Refund] = {}

    def entries_of(self, money: Receipt | Claim) -> list[Entry]:
        return [entry for entry in self.entries if entry.money is money]

    def counted_for(self, order: Order, *, proven: bool | None = None) -> list[Entry]:
        own = [entry for entry in self.entries if entry.order == order.key]
        return [entry for entry in own if proven is None or entry.is_proven == proven]

    def refunded(self, entry: Entry, statuses: set[str]) -> Decimal:
        return add_up(refund.amount for refund in self.refunds_of(entry) if refund.status in statuses)

    def refunds_of(self, entry: Entry) -> list[Refund]:
        return [refund for refund in self.refunds.values() if refund.entry is entry]

    def worth(self, entries: list[Entry]) -> Decimal:
        return add_up(entry.amount - self.refunded(entry, {"completed"}) for entry in entries)

    def free(self, entry: Entry) -> Decimal:
        return entry.amount - self.refunded(entry, COUNTING)

    def left(self, receipt: Receipt) -> Decimal:
        direct = [refund for refund in self.refunds.values() if refund.receipt is receipt and refund.entry is None]
        sent = add_up(refund.amount for refund in direct if refund.status in COUNTING)
        return receipt.amount - add_up(entry.amount for entry in self.entries_of(receipt)) - sent

    def owed(self, order: Order) -> Decimal:
        if order.is_canceled:
            return Decimal(0)
        refunds = [refund for entry in self.counted_for(order) for refund in self.refunds_of(entry)]
        credited = (refund.amount for refund in refunds if refund.status == "completed" and refund.is_credit)
        return order.total.to_integral_value(ROUND_CEILING) - add_up(credited)

    def countable(self, order: Order) -> Decimal:
        """Return how much money may count for an order: nothing while it is closed."""
        return Decimal(0) if order.closed else max(self.owed(order), Decimal(0))

    def balance(self, order: Order) -> Decimal:
        return self.owed(order) - self.worth(self.counted_for(order))

    def missing_proof(self, order: Order) -> Decimal:
        return self.owed(order) - self.worth(self.counted_for(order, proven=True))

    def is_paid(self, order: Order) -> bool:
        has_money = bool(self.counted_for(order))
        return has_money and self.balance(order) < 1 and not order.is_canceled and not order.closed
