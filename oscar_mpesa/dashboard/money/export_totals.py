"""The totals of the accountant's Excel file, on a sheet of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from oscar_mpesa.conf import get_settings
from oscar_mpesa.reports.entries import EntrySum, PostedEntries
from oscar_mpesa.reports.entry_kinds import EntryColumn, EntryKind
from oscar_mpesa.reports.period import EntryFigures, entry_figures

#: The widths of the columns, in characters.
WIDTHS = (60, 16)

_CENT = Decimal("0.01")


def header() -> list[str]:
    """Return the titles of the columns."""
    return [pgettext("noun", "Total"), _("Amount in KSh")]


def total_rows(entries: PostedEntries, sums: Mapping[EntryKind, EntrySum]) -> Iterator[list[Any]]:
    """Yield a label and a total in each row, then the number of entries of each kind. ``sums`` are of the entries."""
    figures = entry_figures(entries, sums)
    if get_settings().is_test:
        yield [_("TEST, no real money")]
    yield [pgettext("label", "First day"), figures.first]
    yield [pgettext("label", "Last day"), figures.last]
    yield []
    for label, total in _totals(figures):
        yield [label, total.quantize(_CENT)]
    yield []
    yield [_("Number of entries"), figures.count()]
    for kind in EntryKind:
        yield [kind.label, figures.count(kind)]
    yield []
    yield [_("All amounts are before Safaricom's charges. Days and times are Nairobi's.")]


def _totals(figures: EntryFigures) -> Iterator[tuple[str, Decimal]]:
    for column in EntryColumn:
        yield str(column.label), figures.column(column)
        if column == EntryColumn.OUT:
            in_less_out = figures.column(EntryColumn.IN) - figures.column(EntryColumn.OUT)
            yield pgettext("sum", "In, less what was sent out"), in_less_out
    yield pgettext("sum", "Taken"), figures.taken
    yield pgettext("sum", "Unmatched at the beginning"), figures.opening
    yield pgettext("sum", "Unmatched at the end"), figures.closing
