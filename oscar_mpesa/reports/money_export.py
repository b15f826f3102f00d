"""Keep the money when the tables are dropped: a file for each table, and the entries for the accountant."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language

from oscar_mpesa.models import (
    MpesaAllocation,
    MpesaClaim,
    MpesaEvent,
    MpesaOrder,
    MpesaPayment,
    MpesaReceipt,
    MpesaRefund,
)
from oscar_mpesa.models.fields import EnvironmentField
from oscar_mpesa.reports.csv_lines import csv_chunks
from oscar_mpesa.reports.entries import PostedEntries
from oscar_mpesa.reports.entry_rows import ExportRows

#: Rows held in memory at a time.
CHUNK = 1_000

#: Columns that hold secrets, or that only the running app uses.
LEFT_OUT = {
    "secret",
    "live_order",
    "session_digest",
    "practice_seen_at",
    "practice_answer",
    "stock_snapshot",
    "close_check_at",
    "next_query_at",
    "next_try_at",
}

#: The tables, with what each row needs of others to be understood alone.
TABLES: dict[str, tuple[Any, tuple[str, ...]]] = {
    "orders": (MpesaOrder, ("order__number", "order__status", "order__currency", "order__total_incl_tax")),
    "payments": (MpesaPayment, ("mpesa_order__order__number",)),
    "receipts": (MpesaReceipt, ("meant_for__number",)),
    "allocations": (
        MpesaAllocation,
        ("order__number", "receipt__number", "claim__number", "receipt__environment", "claim__environment"),
    ),
    "refunds": (MpesaRefund, ("receipt__number", "receipt__environment", "allocation__order__number")),
    "claims": (MpesaClaim, ("order__number",)),
    "events": (MpesaEvent, ("mpesa_order__order__number", "receipt__number")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFile:
    """A file to write: its name, and its text in parts, which are read from the database meanwhile."""

    name: str
    parts: Iterable[str]


def export_files() -> Iterator[ExportFile]:
    """Yield a file for each table, then one with the entries of each environment that has any.

    The files show full phone numbers. The entries are in the active language.
    """
    for name, (model, others) in TABLES.items():
        columns = [*(field.attname for field in model._meta.concrete_fields if field.name not in LEFT_OUT), *others]
        rows = model._base_manager.order_by("pk").values_list(*columns).iterator(chunk_size=CHUNK)
        yield ExportFile(name=f"{name}.csv", parts=csv_chunks(columns, map(_cells, rows)))
    for environment, _label in EnvironmentField.CHOICES:
        entries = PostedEntries(environment, None, None)
        if entries.count():
            rows = ExportRows(entries=entries, shows_phones=True, language=get_language())
            yield ExportFile(name=f"entries-{environment}.csv", parts=csv_chunks(rows.header(), rows))


def _cells(row: tuple[Any, ...]) -> list[Any]:
    return [json.dumps(cell, ensure_ascii=False) if isinstance(cell, (dict, list)) else cell for cell in row]
