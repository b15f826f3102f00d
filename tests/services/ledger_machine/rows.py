"""Read all rows of the ledger and of Oscar's books at one moment."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

from oscar.core.loading import get_model

from oscar_mpesa.models import (
    MpesaAllocation,
    MpesaClaim,
    MpesaOrder,
    MpesaOutboxMessage,
    MpesaReceipt,
    MpesaRefund,
)
from tests.services.state_machine.snapshot import read_rows

Order = get_model("order", "Order")
PaymentEvent = get_model("order", "PaymentEvent")
Source = get_model("payment", "Source")
Transaction = get_model("payment", "Transaction")


@dataclass(frozen=True, kw_only=True)
class Rows:
    """The rows by primary key."""

    #: The column of a row that names its order; its primary key in other tables.
    OWNERS: ClassVar[dict[str, str]] = {
        "receipts": "meant_for_id",
        "claims": "order_id",
        "allocations": "order_id",
    }

    orders: dict[int, Any]
    mpesa_orders: dict[int, Any]
    receipts: dict[int, Any]
    claims: dict[int, Any]
    allocations: dict[int, Any]
    refunds: dict[int, Any]
    messages: dict[int, Any]
    sources: dict[int, Any]
    transactions: dict[int, Any]
    events: dict[int, Any]

    @classmethod
    def read(cls) -> Rows:
        return cls(
            orders=read_rows(Order, "status", "total_incl_tax"),
            mpesa_orders=read_rows(MpesaOrder),
            receipts=read_rows(MpesaReceipt),
            claims=read_rows(MpesaClaim),
            allocations=read_rows(MpesaAllocation),
            refunds=read_rows(MpesaRefund),
            messages=read_rows(MpesaOutboxMessage, "kind", "key", "mpesa_order_id"),
            sources=read_rows(Source),
            transactions=read_rows(Transaction, "source_id", "txn_type", "amount", "reference", "status"),
            events=read_rows(PaymentEvent, "order_id", "amount", "event_type_id"),
        )

    def differences(self, other: Rows) -> list[str]:
        """Return what is not the same in other rows."""
        names = [field.name for field in fields(self)]
        return [
            f"{name} {pk}: {old.get(pk)} → {new.get(pk)}"
            for name in names
            for old, new in [(getattr(self, name), getattr(other, name))]
            for pk in sorted(old.keys() | new.keys())
            if old.get(pk) != new.get(pk)
        ]

    def changed_orders(self, other: Rows) -> set[int]:
        """Return the orders that what changed until other rows belongs to, if M-PESA knows them."""
        orders: set[int | None] = set()
        for name in ("orders", "mpesa_orders", "receipts", "claims", "allocations"):
            old, new = getattr(self, name), getattr(other, name)
            changed = [new[pk] for pk in new if new[pk] != old.get(pk)]
            orders |= {getattr(row, self.OWNERS.get(name, "pk")) for row in changed}
        return {pk for pk in orders if pk in other.mpesa_orders}
