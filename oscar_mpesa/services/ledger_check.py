"""Add up every entry again, and compare the sums with the cached ones and with the shop's books. Change nothing.

This is a second, plain addition on purpose: it shares no code with ``services.ledger``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain.money import rounded
from oscar_mpesa.models import MpesaAllocation, MpesaClaim, MpesaOrder, MpesaReceipt, MpesaRefund
from oscar_mpesa.services.ports import BookTotals, shop

#: Rows checked at once, to limit memory.
BATCH = 300

NOTHING = Decimal(0)

#: Statuses of refunds that are sent, and of those that may still be.
SENT, MAY_BE_SENT = "completed", ("requested", "approved", "sent", "unknown")

#: The status of a receipt with an unallocated amount, by the reason.
WAITING = {"order_paid": "overpaid", "wrong_amount": "wrong_amount"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A value of one row that its entries contradict. ``row`` is such as *order*, ``pk`` its primary key."""

    row: str
    pk: int
    what: str
    stored: str
    expected: str

    def __str__(self) -> str:
        return f"{self.row} {self.pk}: {self.what} is {self.stored}, expected {self.expected}"


#: Returns the differences of the rows with these primary keys.
Check = Callable[[list[int]], set[Difference]]


def check_ledger(*, since: datetime | None = None, most: int | None = None) -> Iterator[Difference]:
    """Yield what does not agree with the entries, in batches, so that memory stays small.

    ``since`` leaves out rows that were created before it, ``most`` all but so many of the newest of each table. Locks
    nothing: what differs is read a second time, because money may arrive between two queries.
    """
    tables: tuple[tuple[QuerySet[Any], Check], ...] = (
        (MpesaOrder.objects.all(), _check_orders),
        (MpesaReceipt.objects.all(), _check_receipts),
        (MpesaClaim.objects.all(), _check_claims),
    )
    for rows, check in tables:
        recent = rows.filter(created_at__gte=since) if since else rows
        yield from _check_in_batches(_newest(recent, most) if most else recent, check)


def _newest(rows: QuerySet[Any], most: int) -> QuerySet[Any]:
    """Return this many rows with the highest keys."""
    first = list(rows.order_by("-pk").values_list("pk", flat=True)[most - 1 : most])
    return rows.filter(pk__gte=first[0]) if first else rows


def _check_in_batches(rows: QuerySet[Any], check: Check) -> Iterator[Difference]:
    keys = rows.order_by("pk").values_list("pk", flat=True)
    batch = list(keys[:BATCH])
    while batch:
        found = check(batch)
        if found:
            found &= check(sorted({each.pk for each in found}))
        yield from sorted(found, key=lambda each: (each.pk, each.what))
        batch = list(keys.filter(pk__gt=batch[-1])[:BATCH])


def _check_orders(keys: list[int]) -> set[Difference]:
    entries = _by("order_id", MpesaAllocation.objects.filter(order_id__in=keys))
    refunds = _by("allocation_id", MpesaRefund.objects.filter(allocation__order_id__in=keys))
    books = shop().book_totals(keys)
    found: set[Difference] = set()
    for mpesa_order in MpesaOrder.objects.select_related("order").filter(pk__in=keys):
        own = entries[mpesa_order.pk]
        totals = books.get(mpesa_order.pk, BookTotals())
        found |= _order_sums(mpesa_order, [each for each in own if each.reversed_at is None], refunds, totals.others)
        found |= _compare("order", mpesa_order.pk, {"books": (totals.ours, _booked(own, refunds))})
    return found


def _order_sums(
    mpesa_order: MpesaOrder, active: list[Any], refunds: dict[int, list[Any]], others: Decimal
) -> set[Difference]:
    order, settings = mpesa_order.order, get_settings()
    if mpesa_order.balance is None and not active:
        return set()  # it was never assessed
    sent = [refund for entry in active for refund in refunds[entry.pk] if refund.status == SENT]
    is_canceled = order.status == settings.CANCELLED_STATUS
    credited = _total(refund for refund in sent if refund.purpose == "credit")
    owed = NOTHING if is_canceled else rounded(order.total_incl_tax, settings.ROUNDING) - others - credited
    balance = owed - _total(active) + _total(sent)
    is_paid = bool(active) and balance < 1 and not is_canceled and mpesa_order.closed_at is None
    compared = {"balance": (mpesa_order.balance, balance), "is_paid": (mpesa_order.is_paid, is_paid)}
    return _compare("order", mpesa_order.pk, compared)


def _booked(entries: list[Any], refunds: dict[int, list[Any]]) -> Decimal:
    """Return what the shop's books must say: the booked entries, less the refunds of their rows."""
    booked = [each for each in entries if each.booked_at is not None and each.reversal_booked_at is None]
    rows = [each for each in entries if each.oscar_source_id is not None]
    sent = (refund for each in rows for refund in refunds[each.pk] if refund.status == SENT)
    return _total(booked) - _total(sent)


def _check_receipts(keys: list[int]) -> set[Difference]:
    active = MpesaAllocation.objects.filter(receipt_id__in=keys, reversed_at=None)
    entries, refunds = _by("receipt_id", active), _by("receipt_id", MpesaRefund.objects.filter(receipt_id__in=keys))
    found: set[Difference] = set()
    for receipt in MpesaReceipt.objects.filter(pk__in=keys):
        found |= _receipt_sums(receipt, entries[receipt.pk], refunds[receipt.pk])
    return found


def _receipt_sums(receipt: MpesaReceipt, active: list[Any], refunds: list[Any]) -> set[Difference]:
    taken = [each for each in refunds if each.status in {SENT, *MAY_BE_SENT}]
    left = receipt.amount - _total(active) - _total(each for each in taken if each.allocation_id is None)
    if receipt.same_as_id is not None:
        left = NOTHING
    sent = [each for each in taken if each.status == SENT]
    worthy = [
        entry for entry in active if entry.amount > _total(each for each in sent if each.allocation_id == entry.pk)
    ]
    known = {entry.pk for entry in active}
    lost = [each for each in taken if each.allocation_id is not None and each.allocation_id not in known]
    compared = {
        "unallocated": (receipt.unallocated, left),
        "has_reason": (bool(receipt.unmatched_reason), bool(left)),
        "status": (receipt.status, _status(receipt, left, worthy)),
        "refunds_of_reversed": (_total(lost), NOTHING),
    }
    return _compare("receipt", receipt.pk, compared)


def _status(receipt: MpesaReceipt, left: Decimal, worthy: list[Any]) -> str:
    if left:
        return WAITING.get(receipt.unmatched_reason, "unmatched")
    if any(entry.order_id is not None for entry in worthy):
        return "matched"
    return "resolved" if worthy or receipt.same_as_id is not None else "refunded"


def _check_claims(keys: list[int]) -> set[Difference]:
    entries = _by("claim_id", MpesaAllocation.objects.filter(claim_id__in=keys, reversed_at=None))
    found: set[Difference] = set()
    for claim in MpesaClaim.objects.filter(pk__in=keys):
        own, is_open = entries[claim.pk], claim.status == "open"
        counted, number = _total(own), claim.number if is_open else None
        compared = {
            "active_entries": (len(own), min(len(own), 1 if is_open else 0)),
            "counted": (counted, min(counted, claim.amount)),
            "open_number": (claim.open_number, number),
        }
        found |= _compare("claim", claim.pk, compared)
    return found


def _compare(row: str, pk: int, compared: dict[str, tuple[Any, Any]]) -> set[Difference]:
    return {
        Difference(row=row, pk=pk, what=what, stored=str(stored), expected=str(expected))
        for what, (stored, expected) in compared.items()
        if stored != expected
    }


def _by(column: str, rows: QuerySet[Any]) -> dict[int, list[Any]]:
    """Return rows by the value of a column. Makes one query."""
    by_key: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        by_key[getattr(row, column)].append(row)
    return by_key


def _total(rows: Iterable[Any]) -> Decimal:
    return sum((row.amount for row in rows), NOTHING)
