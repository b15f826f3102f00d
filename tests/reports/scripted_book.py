"""Keep expected entries in plain numbers: nothing of the reports is used."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime

#: The columns of the accountant's file.
IN, OUT, MATCHED, SETTLED, UNCONFIRMED = (
    "In",
    "Out",
    "Matched to orders",
    "Settled without an order",
    "Unconfirmed",
)

#: By column and sign: what the file says. Refunds differ by the money that they are of.
RECEIVED, MATCH, UNMATCH = "received", "matched to the order", "no longer counts for the order"
RESOLVE, UNRESOLVE = "resolved with a note", "no longer resolved"
REFUND, VOID = "refunded", "refund voided"
RETURN, RETURN_VOID = "unmatched money refunded", "refund of unmatched money voided"
RESOLVED_RETURN, RESOLVED_VOID = "resolved money refunded", "refund of resolved money voided"
RECORD, RECORD_END = "recorded, not confirmed", "confirmed or withdrawn"

COLUMN = {
    RECEIVED: (IN, 1),
    MATCH: (MATCHED, 1),
    UNMATCH: (MATCHED, -1),
    RESOLVE: (SETTLED, 1),
    UNRESOLVE: (SETTLED, -1),
    REFUND: (OUT, 1),
    VOID: (OUT, -1),
    RETURN: (OUT, 1),
    RETURN_VOID: (OUT, -1),
    RESOLVED_RETURN: (OUT, 1),
    RESOLVED_VOID: (OUT, -1),
    RECORD: (UNCONFIRMED, 1),
    RECORD_END: (UNCONFIRMED, -1),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One expected row of the file. ``amount`` is signed, ``balance`` is None without an order."""

    day: date
    moment: datetime
    what: str
    code: str
    order: str
    amount: int
    balance: int | None
    is_later: bool


@dataclass(slots=True)
class Book:
    """The expected rows, and what each order still owes."""

    rows: list[Row] = field(default_factory=list)
    owes: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def between(self, first: date, last: date) -> list[Row]:
        """Return the rows of some days, in their order. Rows of one moment are kept as they were added."""
        return sorted((row for row in self.rows if first <= row.day <= last), key=lambda row: (row.day, row.moment))

    def column(self, column: str, first: date, last: date) -> int:
        """Return the total of a column."""
        return sum(row.amount for row in self.between(first, last) if COLUMN[row.what][0] == column)

    def total(self, what: str, first: date, last: date) -> int:
        """Return the total of one kind of row."""
        return sum(row.amount for row in self.between(first, last) if row.what == what)

    def taken(self, first: date, last: date) -> int:
        """Return the income: what was matched, less what was refunded of it."""
        return self.column(MATCHED, first, last) - sum(self.total(what, first, last) for what in (REFUND, VOID))

    def unmatched_at(self, day: date) -> int:
        """Return the unmatched money at the end of a day."""
        known = (date.min, day)
        returned = sum(self.total(what, *known) for what in (RETURN, RETURN_VOID))
        return self.column(IN, *known) - self.column(MATCHED, *known) - self.column(SETTLED, *known) - returned
