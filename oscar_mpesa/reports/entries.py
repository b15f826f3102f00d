"""Read all entries of some days in the order in which they were stored, in chunks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from django.db.models import Count, F, IntegerField, QuerySet, Sum, Value
from oscar.core.loading import get_model

from oscar_mpesa.conf import PRODUCTION
from oscar_mpesa.domain.timezone import NAIROBI
from oscar_mpesa.models import MpesaAllocation, MpesaClaim, MpesaReceipt, MpesaRefund
from oscar_mpesa.reports.entry_kinds import (
    FACTS,
    EntryColumn,
    EntryKind,
    entries_of_kind,
    first_set,
    first_set_in_database,
)

__all__ = ["EntryColumn", "EntryKind", "PostedEntries", "PostedEntry"]

Order = get_model("order", "Order")

#: Entries held in memory at a time.
CHUNK = 1_000

#: An entry is found by its day, its moment, the place of its kind in ``EntryKind``, and its row's id.
_ORDER = ("entry_day", "entry_moment", "entry_rank", "entry_id")

_KINDS = tuple(EntryKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedEntry:
    """One entry. ``amount`` is in shillings and positive: ``kind`` says what it adds to, and its sign.

    ``moment`` is when it was stored; ``happened_at`` is M-PESA's time of the money, as it was known then, or of its
    refund. The order is the one that the money counts for, else the one that it was meant for. ``balance_after`` is
    what the order owed then. ``reference`` is the code of a refund. ``reason`` says why, where nobody left a note.
    """

    kind: EntryKind
    posted_on: date
    moment: datetime
    happened_at: datetime
    number: str
    order_number: str
    order_id: int | None
    receipt_id: int | None
    claim_id: int | None
    amount: Decimal
    balance_after: Decimal | None
    by: str
    note: str
    reference: str
    reason: str
    environment: str

    @property
    def income(self) -> Decimal:
        """Return what the entry adds to the income, in shillings; it can be below zero."""
        return self.kind.income_sign * self.amount

    @property
    def is_test(self) -> bool:
        """Return whether no real money moved."""
        return self.environment != PRODUCTION

    @property
    def is_later(self) -> bool:
        """Return whether it was posted on a later day than M-PESA's."""
        return self.posted_on > self.happened_at.astimezone(NAIROBI).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class EntrySum:
    """The number of the entries of a kind, and their shillings."""

    count: int = 0
    amount: Decimal = Decimal(0)


class PostedEntries:
    """The entries of an environment from ``first`` to ``last``, both included, oldest first. None is no limit.

    They are of these ``kinds``, or of all. Oscar's paginator, the files and the pages read them.
    """

    def __init__(
        self, environment: str, first: date | None, last: date | None, kinds: Iterable[EntryKind] | None = None
    ) -> None:
        self.environment, self.first, self.last = environment, first, last
        self.kinds = _KINDS if kinds is None else tuple(kinds)

    def count(self) -> int:
        """Return the number of entries. Makes one query."""
        return sum(each.count for each in self.sums().values())

    def __getitem__(self, part: slice) -> list[PostedEntry]:
        """Return some of the entries. Makes at most six queries."""
        return _load(list(self._keys()[part]))

    def __iter__(self) -> Iterator[PostedEntry]:
        """Yield all entries in chunks, each of which takes at most five queries."""
        for chunk in self.chunks():
            yield from chunk

    def chunks(self, size: int = CHUNK) -> Iterator[list[PostedEntry]]:
        """Yield all entries in lists, so that callers can look up more for each list."""
        keys = self._keys().iterator(chunk_size=size)
        while chunk := list(islice(keys, size)):
            yield _load(chunk)

    def sums(self) -> dict[EntryKind, EntrySum]:
        """Return the number and the total of each kind. Makes one query."""
        first, *others = (_sum(kind, self._rows(kind)) for kind in self.kinds)
        found = first.union(*others, all=True) if others else first
        sums = {_KINDS[rank]: EntrySum(count=count, amount=Decimal(amount or 0)) for rank, count, amount in found}
        return {kind: sums.get(kind, EntrySum()) for kind in self.kinds}

    def totals(self) -> dict[EntryKind, Decimal]:
        """Return the total of each kind, in shillings. Makes one query."""
        return {kind: each.amount for kind, each in self.sums().items()}

    def counts(self) -> dict[EntryKind, int]:
        """Return the number of entries of each kind. Makes one query."""
        return {kind: each.count for kind, each in self.sums().items()}

    def _rows(self, kind: EntryKind) -> QuerySet[Any]:
        return entries_of_kind(kind, self.environment, first=self.first, last=self.last)

    def _keys(self) -> Any:
        """Return what finds each entry, in their order."""
        first, *others = (_keys(kind, self._rows(kind)) for kind in self.kinds)
        return (first.union(*others, all=True) if others else first).order_by(*_ORDER)


def _keys(kind: EntryKind, rows: QuerySet[Any]) -> Any:
    facts = FACTS[kind]
    annotated = rows.annotate(
        entry_day=F(facts.day),
        entry_moment=first_set_in_database(facts.moment),
        entry_rank=_rank(kind),
        entry_id=F("pk"),
    )
    return annotated.values_list(*_ORDER)


def _sum(kind: EntryKind, rows: QuerySet[Any]) -> Any:
    sums = rows.annotate(entry_rank=_rank(kind)).values("entry_rank").annotate(number=Count("pk"), total=Sum("amount"))
    return sums.values_list("entry_rank", "number", "total")


def _rank(kind: EntryKind) -> Value:
    return Value(_KINDS.index(kind), output_field=IntegerField())


def _load(keys: list[tuple[date, datetime, int, int]]) -> list[PostedEntry]:
    """Return the entries of keys, in their order. Makes a query for each model, and one for the orders' numbers."""
    kinds = [_KINDS[rank] for _day, _moment, rank, _pk in keys]
    models = [_MODELS[kind.column] for kind in kinds]
    rows: dict[Any, dict[int, Any]] = {}
    for model in set(models):
        pks = {key[3] for key, own in zip(keys, models, strict=True) if own is model}
        rows[model] = model.objects.select_related(*_RELATED[model]).in_bulk(pks)
    found = [(kind, rows[model][key[3]]) for key, kind, model in zip(keys, kinds, models, strict=True)]
    order_ids = {_order_id(row) for _kind, row in found} - {None}
    numbers = dict(Order.objects.order_by().filter(pk__in=order_ids).values_list("pk", "number")) if order_ids else {}
    return [_entry(kind, row, numbers) for kind, row in found]


_MODELS: dict[EntryColumn, Any] = {
    EntryColumn.IN: MpesaReceipt,
    EntryColumn.OUT: MpesaRefund,
    EntryColumn.MATCHED: MpesaAllocation,
    EntryColumn.SETTLED: MpesaAllocation,
    EntryColumn.UNCONFIRMED: MpesaClaim,
}

_RELATED: dict[Any, tuple[str, ...]] = {
    MpesaReceipt: (),
    MpesaRefund: ("receipt", "allocation"),
    MpesaAllocation: ("receipt",),
    MpesaClaim: (),
}


def _order_id(row: Any) -> int | None:
    """Return the order that the money of a row counts for, else the one that it was meant for."""
    if isinstance(row, MpesaReceipt):
        return row.meant_for_id
    entry = row.allocation if isinstance(row, MpesaRefund) else row
    own: int | None = entry.order_id if entry is not None else None
    return own if own is not None or isinstance(row, MpesaClaim) else row.receipt.meant_for_id


def _entry(kind: EntryKind, row: Any, numbers: dict[int, str]) -> PostedEntry:
    facts, order_id = FACTS[kind], _order_id(row)
    money = row if isinstance(row, (MpesaReceipt, MpesaClaim)) else row.receipt
    return PostedEntry(
        kind=kind,
        posted_on=getattr(row, facts.day),
        moment=first_set(row, facts.moment),
        happened_at=first_set(row, facts.happened_at),
        number=money.number or "",
        order_number=numbers.get(order_id or 0, ""),
        order_id=order_id,
        receipt_id=money.pk if isinstance(money, MpesaReceipt) else None,
        claim_id=money.pk if isinstance(money, MpesaClaim) else None,
        amount=row.amount,
        balance_after=getattr(row, facts.balance) if facts.balance else None,
        by=getattr(row, facts.by) if facts.by else "",
        note=getattr(row, facts.note) if facts.note else "",
        reference=row.code if isinstance(row, MpesaRefund) else "",
        reason=str(getattr(row, facts.reason)()) if facts.reason else "",
        environment=money.environment,
    )
