"""The columns and rows of the accountant's file: one row for each entry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override, pgettext

from oscar_mpesa.daraja.redaction import redact
from oscar_mpesa.models.fields import EnvironmentField
from oscar_mpesa.reports.customers import customers_of
from oscar_mpesa.reports.entries import EntrySum, PostedEntries, PostedEntry
from oscar_mpesa.reports.entry_kinds import EntryColumn, EntryKind

#: The widths of the columns in a sheet, in characters.
WIDTHS = (12, 28, 20, 14, 14, 14, 34, 14, 14, 18, 24, 14, 22, 20, 40, 16)

_CENT = Decimal("0.01")


@dataclass(slots=True, kw_only=True)
class ExportRows:
    """The rows of the file, read once, and the sums of the entries that were read."""

    entries: PostedEntries
    shows_phones: bool
    language: str | None
    sums: dict[EntryKind, EntrySum] = field(default_factory=dict)

    def header(self) -> list[str]:
        """Return the titles of the columns."""
        return [
            pgettext("label", "Posted on"),
            pgettext("label", "What"),
            _("M-PESA time (Nairobi)"),
            pgettext("label", "Entered later"),
            _("M-PESA code"),
            pgettext("noun", "Order"),
            pgettext("noun", "Customer"),
            *(str(column.label) for column in EntryColumn),
            _("Order balance after it"),
            pgettext("label", "By"),
            pgettext("label", "Note"),
            pgettext("label", "Environment"),
        ]

    def __iter__(self) -> Iterator[list[Any]]:
        """Yield the cells of each entry. They are read after the request, when another language can be active."""
        for chunk in self.entries.chunks():
            with override(self.language):
                rows = list(self._rows(chunk))
            yield from rows

    def _rows(self, chunk: list[PostedEntry]) -> Iterator[list[Any]]:
        customers = customers_of(each.order_id for each in chunk)
        for entry in chunk:
            known = self.sums.get(entry.kind, EntrySum())
            self.sums[entry.kind] = EntrySum(count=known.count + 1, amount=known.amount + entry.amount)
            yield self._cells(entry, customers.get(entry.order_id or 0, ""))

    def _cells(self, entry: PostedEntry, customer: str) -> list[Any]:
        amount = (entry.kind.sign * entry.amount).quantize(_CENT)
        return [
            entry.posted_on,
            str(entry.kind.label),
            entry.happened_at,
            pgettext("answer", "yes") if entry.is_later else "",
            entry.number,
            entry.order_number,
            self._shown(customer),
            *(amount if entry.kind.column == column else None for column in EntryColumn),
            entry.balance_after,
            self._shown(entry.by),
            self._shown("; ".join(filter(None, [entry.reference, entry.note or entry.reason]))),
            _("TEST") if entry.is_test else str(dict(EnvironmentField.CHOICES)[entry.environment]),
        ]

    def _shown(self, text: str) -> str:
        return redact(text, shows_phones=self.shows_phones)
