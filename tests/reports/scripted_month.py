"""Build a month of more than 500 entries by the services, with sums of its own, and fifty later corrections."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import cycle
from typing import Any

from oscar_mpesa.models import MpesaClaim, MpesaReceipt, MpesaRefund
from tests.reports.scripted_book import RESOLVED_RETURN, RESOLVED_VOID, RETURN, RETURN_VOID
from tests.reports.scripted_steps import CREDIT, RETURNED, Steps

#: The month, and the next one with the corrections.
FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)
NEXT_FIRST, NEXT_LAST = date(2026, 12, 1), date(2026, 12, 31)

#: Days of the next month, counted from the first of the month.
NEXT = 31

#: Money and the order that it was meant for.
Sale = tuple[MpesaReceipt, Any]


class ScriptedMonth(Steps):
    """November 2026 in a shop. ``book`` has the expected rows; ``correct`` adds those of December."""

    def __init__(self) -> None:
        super().__init__(orders=245)
        self.days: Iterator[int] = cycle(range(1, 29))
        self.plain: list[Sale] = [self.sell() for _ in range(85)]
        self.overpaid: list[Sale] = []
        self.returned: list[tuple[MpesaRefund, Any]] = []
        self.claims: list[tuple[MpesaClaim, Any]] = []
        self.sell_late_and_in_parts(10)
        self.sell_too_much(8)
        self.unmatch_and_move(10)
        self.refund_some(10)
        self.record_some()
        for _ in range(6):
            receipt, order = self.sell()
            self.get_cheaper(receipt, order, 200, next(self.days) + 1)

    def sell(self) -> Sale:
        """Sell an order that its money pays at once."""
        order = self.order()
        return self.arrive(order, 1500, next(self.days)), order

    def sell_late_and_in_parts(self, count: int) -> None:
        """Let money be stored two days later, and pay orders in two parts."""
        for _ in range(count):
            self.arrive(self.order(), 1500, next(self.days), late=2)
            order, day = self.order(), next(self.days)
            self.arrive(order, 1200, day)
            self.arrive(order, 300, day + 1)

    def sell_too_much(self, count: int) -> None:
        """Refund, resolve and release what was paid too much. In the end all of it is unmatched again."""
        for _ in range(count):
            order, day = self.order(), next(self.days)
            receipt = self.arrive(order, 2000, day, matched=1500)
            refund = self.give_back(RETURN, receipt, order, 200, day)
            self.void_unmatched(RETURN_VOID, refund, order, day + 1)
            self.resolve(receipt, order, 500, day + 1)
            refund = self.give_back(RESOLVED_RETURN, receipt, order, 100, day + 2)
            self.void_unmatched(RESOLVED_VOID, refund, order, day + 2)
            self.undo(receipt, order, 500, day + 2)
            self.overpaid.append((receipt, order))

    def unmatch_and_move(self, count: int) -> None:
        """Unmatch money and match it to another order, in two steps and in one."""
        for _ in range(count):
            receipt, order = self.sell()
            self.unmatch(receipt, order, 29)
            self.match(receipt, self.order(1800), 1500, 30)
            receipt, order = self.sell()
            self.move(receipt, order, self.order(), 30)

    def refund_some(self, count: int) -> None:
        """Refund orders' money as a credit, which is voided, and as a wrong payment, which stays."""
        for _ in range(count):
            receipt, order = self.sell()
            refund = self.refund(receipt, order, 400, 29, CREDIT)
            self.void(refund, order, 30)
            receipt, order = self.sell()
            self.returned.append((self.refund(receipt, order, 400, 29, RETURNED), order))

    def record_some(self) -> None:
        """Record payments: five are withdrawn, five arrive, and ten stay open."""
        for place in range(20):
            order, day = self.order(), next(self.days)
            claim = self.record(order, day)
            if place < 5:
                self.withdraw(claim, order, day + 1)
            elif place < 10:
                self.confirm(claim, order, day + 2)
            else:
                self.claims.append((claim, order))

    def correct(self) -> int:
        """Correct the month in December; return the number of corrections."""
        before = self.steps
        self.correct_sales()
        self.correct_records()
        for receipt, _order in self.overpaid[:4]:
            self.match(receipt, self.order(), 500, NEXT + 6)
        for receipt, order in self.overpaid[4:]:
            self.resolve(receipt, order, 500, NEXT + 6)
            self.undo(receipt, order, 500, NEXT + 7)
            self.give_back(RETURN, receipt, order, 500, NEXT + 7)
        return self.steps - before

    def correct_sales(self) -> None:
        """Unmatch, move and refund money of paid orders, and lower their totals."""
        for receipt, order in self.plain[:8]:
            self.unmatch(receipt, order, NEXT)
        for receipt, order in self.plain[8:16]:
            self.move(receipt, order, self.order(), NEXT + 1)
        for receipt, order in self.plain[16:22]:
            self.refund(receipt, order, 400, NEXT + 2, CREDIT)
        for receipt, order in self.plain[22:26]:
            self.get_cheaper(receipt, order, 300, NEXT + 3)

    def correct_records(self) -> None:
        """Void refunds, and withdraw recorded payments or let them arrive."""
        for refund, order in self.returned[:5]:
            self.void(refund, order, NEXT + 4)
        for place, (claim, order) in enumerate(self.claims):
            end = self.withdraw if place < 5 else self.confirm
            end(claim, order, NEXT + 5)
