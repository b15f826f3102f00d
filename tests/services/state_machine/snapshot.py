"""Read all rows of orders and money at one moment, to compare it with another moment."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timezone
from decimal import Decimal
from functools import cache
from types import SimpleNamespace
from typing import Any

from django.db import connection
from django.db.models import Model
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaAllocation, MpesaEvent, MpesaOrder, MpesaOutboxMessage, MpesaPayment, MpesaReceipt

Order = get_model("order", "Order")
Line = get_model("order", "Line")
PaymentEvent = get_model("order", "PaymentEvent")
Source = get_model("payment", "Source")
Transaction = get_model("payment", "Transaction")
StockRecord = get_model("partner", "StockRecord")

#: Convert SQLite's values to Python values.
READERS: dict[str, Callable[[Any], Any]] = {
    "DecimalField": lambda value: Decimal(str(value)),
    "JSONField": json.loads,
    "DateTimeField": lambda value: value.replace(tzinfo=timezone.utc),
}

#: A row without a model: it equals a row with the same columns.
Row = SimpleNamespace


@dataclass(frozen=True, kw_only=True)
class RowSnapshot:
    """The rows by primary key; equal snapshots mean that nothing changed."""

    orders: dict[int, Any]
    mpesa_orders: dict[int, Any]
    payments: dict[int, Any]
    receipts: dict[int, Any]
    allocations: dict[int, Any]
    outbox_messages: dict[int, Any]
    sources: dict[int, Any]
    transactions: dict[int, Any]
    events: dict[int, Any]
    stock: dict[int, Any]
    lines: dict[int, Any]
    steps: dict[int, Any]

    changes: int = field(compare=False)

    @classmethod
    def take(cls, last: RowSnapshot | None = None) -> RowSnapshot:
        """Read the rows, or return the last snapshot if SQLite counts no write since."""
        changes = connection.connection.total_changes
        if last is not None and last.changes == changes:
            return last
        return cls(
            changes=changes,
            orders=read_rows(Order, "status", "total_incl_tax"),
            mpesa_orders=read_rows(MpesaOrder),
            payments=read_rows(MpesaPayment),
            receipts=read_rows(MpesaReceipt),
            allocations=read_rows(MpesaAllocation),
            outbox_messages=read_rows(MpesaOutboxMessage, "kind", "key", "mpesa_order_id", "delivered_at", "tries"),
            sources=read_rows(Source),
            transactions=read_rows(Transaction, "source_id", "txn_type", "amount", "reference"),
            events=read_rows(PaymentEvent, "order_id", "amount"),
            stock=read_rows(StockRecord, "num_in_stock", "num_allocated"),
            lines=read_rows(Line, "order_id", "stockrecord_id", "quantity"),
            steps={
                pk: row for pk, row in read_rows(MpesaEvent, "type", "params").items() if row.type == "payment_settled"
            },
        )

    def waiting_for(self, order_id: int) -> list[Any]:
        """Return the money meant for an order about which a person must decide."""
        own = [receipt for receipt in self.receipts.values() if receipt.meant_for_id == order_id]
        return [receipt for receipt in own if receipt.status in {"overpaid", "unmatched", "wrong_amount"}]

    def entries_of(self, order_id: int) -> list[Any]:
        """Return what counts for an order, and what did."""
        return [entry for entry in self.allocations.values() if entry.order_id == order_id]

    def payments_of(self, order_id: int) -> list[Any]:
        """Return all payments of an order, oldest first."""
        return [payment for payment in self.payments.values() if payment.mpesa_order_id == order_id]


def read_rows(model: type[Model], *names: str) -> dict[int, Any]:
    """Read rows by plain SQL, because each of thousands of steps needs a snapshot."""
    fields = _fields(model, names)
    columns = ", ".join(field.column for field in fields)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {model._meta.db_table} ORDER BY 1")  # noqa: S608 - our tables
        return {row[0]: _row(fields, row) for row in cursor.fetchall()}


@cache
def _fields(model: type[Model], names: tuple[str, ...]) -> list[Any]:
    """Return the primary key and the named columns, or all columns."""
    others = [field for field in model._meta.concrete_fields if not field.primary_key]
    return [model._meta.pk, *(field for field in others if not names or field.attname in names)]


def _row(fields: list[Any], row: Sequence[Any]) -> Row:
    values = {field.attname: _value(field, value) for field, value in zip(fields, row, strict=True)}
    return Row(pk=row[0], **values)


def _value(field: Any, value: Any) -> Any:
    reader = READERS.get(field.get_internal_type())
    return value if value is None or reader is None else reader(value)
