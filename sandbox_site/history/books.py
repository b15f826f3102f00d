"""Write the allocations and refunds of sales into Oscar's books, as the services do."""

from __future__ import annotations

from typing import Any

from django.db.models import OuterRef, Subquery

from sandbox_site.history.rows import PREFIX, Written, oscars


class Books:
    """Write Oscar's Sources, Transactions and PaymentEvents of many orders at once."""

    def __init__(self, *, environment: str) -> None:
        self.environment = environment
        kinds = oscars("payment", "SourceType").objects
        self.kind = kinds.get_or_create(code="mpesa", defaults={"name": "M-PESA"})[0]
        self.paid, self.part = (
            oscars("order", "PaymentEventType").objects.get_or_create(name=name)[0] for name in ("Paid", "Part payment")
        )

    def write(self, written: list[Written]) -> None:
        """Write the books, and set the ids of Oscar's rows on the allocations, which are not saved yet."""
        booked = [(each, entry) for each in written for entry in each.entries]
        sources = oscars("payment", "Source").objects.bulk_create([self._source(*pair) for pair in booked])
        events = oscars("order", "PaymentEvent").objects.bulk_create([self._event(*pair) for pair in booked])
        quantities, transactions = [], []
        for (each, entry), source, event in zip(booked, sources, events, strict=True):
            entry.oscar_source_id, entry.oscar_event_id = source.pk, event.pk
            transactions.append(_transaction(source, "Debit", entry.amount, entry.number, self._status(entry)))
            refunds = [refund for refund in each.refunds if refund.allocation is entry]
            transactions += [_transaction(source, "Refund", one.amount, one.code, "refunded") for one in refunds]
            if event.event_type_id == self.paid.pk:
                quantities.append(_quantity(event, each.line))
        oscars("payment", "Transaction").objects.bulk_create(transactions)
        oscars("order", "PaymentEventQuantity").objects.bulk_create(quantities)

    def backdate(self) -> None:
        """Set the dates of Oscar's rows to their orders', because Oscar sets them to now on creation."""
        orders, sources = oscars("order", "Order").objects, oscars("payment", "Source").objects
        of_order = orders.filter(pk=OuterRef("order_id")).values("date_placed")
        of_source = sources.filter(pk=OuterRef("source_id")).values("order__date_placed")
        events = oscars("order", "PaymentEvent").objects.filter(order__number__startswith=PREFIX)
        events.update(date_created=Subquery(of_order))
        transactions = oscars("payment", "Transaction").objects.filter(source__order__number__startswith=PREFIX)
        transactions.update(date_created=Subquery(of_source))

    def _source(self, written: Written, entry: Any) -> Any:
        return oscars("payment", "Source")(
            order=written.order,
            source_type=self.kind,
            currency="KES",
            amount_allocated=entry.amount,
            amount_debited=entry.amount,
            amount_refunded=sum(refund.amount for refund in written.refunds if refund.allocation is entry),
            reference=entry.number,
            label="M-PESA",
        )

    def _event(self, written: Written, entry: Any) -> Any:
        is_last = written.mpesa_order.is_paid and entry is written.entries[-1]
        return oscars("order", "PaymentEvent")(
            order=written.order,
            event_type=self.paid if is_last else self.part,
            amount=entry.amount,
            reference=entry.number,
        )

    def _status(self, entry: Any) -> str:
        if self.environment != "production":
            return "simulated"
        return "confirmed" if entry.receipt else "reported"


def _transaction(source: Any, kind: str, amount: Any, reference: str, status: str) -> Any:
    row = oscars("payment", "Transaction")
    return row(source=source, txn_type=kind, amount=amount, reference=reference, status=status)


def _quantity(event: Any, line: Any) -> Any:
    return oscars("order", "PaymentEventQuantity")(event=event, line=line, quantity=line.quantity)
