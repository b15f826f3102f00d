"""Compute the figures of some days, once for the month report and for the file that staff download."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import F

from oscar_mpesa.domain.timezone import NAIROBI
from oscar_mpesa.reports.bridge import Bridge, bridge
from oscar_mpesa.reports.entries import EntrySum, PostedEntries
from oscar_mpesa.reports.entry_kinds import FACTS, EntryColumn, EntryKind, entries_of_kind, first_set_in_database
from oscar_mpesa.reports.open_balance import unmatched_at_end
from oscar_mpesa.services.ledger import NOTHING

#: Rows read at a time.
_CHUNK = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFigures:
    """What was posted on the Nairobi days ``first`` to ``last``, both included, in shillings.

    ``sums`` are of the entries, and ``opening`` is the unmatched money at the end of the day before. All of it stays
    the same once the days are closed.
    """

    environment: str
    first: date
    last: date
    sums: Mapping[EntryKind, EntrySum]
    opening: Decimal

    @property
    def taken(self) -> Decimal:
        """Return the income: money matched to orders, less what was unmatched and refunded."""
        return sum((kind.income_sign * self.amount(kind) for kind in EntryKind), NOTHING)

    @property
    def closing(self) -> Decimal:
        """Return the unmatched money at the end of the last day."""
        return self.opening + sum((kind.unmatched_sign * self.amount(kind) for kind in EntryKind), NOTHING)

    def column(self, column: EntryColumn) -> Decimal:
        """Return the total of a column."""
        kinds = (kind for kind in EntryKind if kind.column == column)
        return sum((kind.sign * self.amount(kind) for kind in kinds), NOTHING)

    def amount(self, kind: EntryKind) -> Decimal:
        """Return the total of a kind, without its sign."""
        return self.sums.get(kind, EntrySum()).amount

    def count(self, *kinds: EntryKind) -> int:
        """Return the number of entries of some kinds; without kinds, of all."""
        return sum(self.sums.get(kind, EntrySum()).count for kind in kinds or EntryKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodFigures(EntryFigures):
    """The same, with the bridge from Oscar's orders.

    ``entered_later`` counts the entries that were posted on a later day than M-PESA's.
    """

    bridge: Bridge
    entered_later: int


def period_figures(environment: str, first: date, last: date) -> PeriodFigures:
    """Return the figures of some days. Makes eight queries, however much was posted."""
    entries = PostedEntries(environment, first, last)
    figures = entry_figures(entries, entries.sums())
    return PeriodFigures(
        environment=environment,
        first=first,
        last=last,
        sums=figures.sums,
        opening=figures.opening,
        bridge=bridge(environment, first, last, taken=figures.taken),
        entered_later=_entered_later(environment, first, last),
    )


def entry_figures(entries: PostedEntries, sums: Mapping[EntryKind, EntrySum]) -> EntryFigures:
    """Return the figures of entries with a first and a last day, whose sums the caller knows. Makes one query."""
    environment, first, last = entries.environment, entries.first, entries.last
    if first is None or last is None:
        raise ValueError("The entries need a first and a last day.")
    opening = unmatched_at_end(environment, first - timedelta(days=1))
    return EntryFigures(environment=environment, first=first, last=last, sums=sums, opening=opening)


def _entered_later(environment: str, first: date, last: date) -> int:
    """Count in Python, because databases know no time zone unless somebody loads it. Makes one query."""
    parts = [_days(kind, environment, first, last) for kind in EntryKind]
    rows: Iterable[Any] = parts[0].union(*parts[1:], all=True).iterator(chunk_size=_CHUNK)
    return sum(day > happened_at.astimezone(NAIROBI).date() for day, happened_at in rows)


def _days(kind: EntryKind, environment: str, first: date, last: date) -> Any:
    happened_at = first_set_in_database(FACTS[kind].happened_at)
    rows = entries_of_kind(kind, environment, first=first, last=last)
    return rows.annotate(entry_day=F(kind.day), entry_time=happened_at).values_list("entry_day", "entry_time")
