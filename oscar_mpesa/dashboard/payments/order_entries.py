"""The entries of an order: what was matched to it, unmatched and refunded, with the other side of a move."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import pgettext

from oscar_mpesa.daraja.redaction import redact
from oscar_mpesa.dashboard.payments.order_ledger import OrderLedger
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.models import MpesaAllocation, MpesaRefund, RefundStatus
from oscar_mpesa.reports.entries import EntryKind


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEntry:
    """One step. ``moved_to`` and ``moved_from`` are the other orders of a move."""

    moment: datetime
    day: str
    kind: EntryKind
    amount: str
    detail: str = ""
    href: str
    number: str
    moved_to: tuple[Any, ...] = ()
    moved_from: tuple[Any, ...] = ()


def order_entries(ledger: OrderLedger, *, shows_phones: bool) -> list[OrderEntry]:
    """Return the entries of the order, oldest first. Makes no query. Staff may type a phone as a refund's code."""
    entries = [step for each in ledger.own_entries for step in _of_allocation(ledger, each, shows_phones)]
    return sorted(entries, key=lambda entry: entry.moment)


def _of_allocation(ledger: OrderLedger, entry: MpesaAllocation, shows_phones: bool) -> Iterator[OrderEntry]:
    others = [each for each in ledger.allocations if each.receipt_id == entry.receipt_id]
    others = [each for each in others if entry.receipt_id and each.order_id not in {None, entry.order_id}]
    yield _entry(
        entry,
        EntryKind.RECORDED if entry.claim_id is not None else EntryKind.MATCHED,
        moment=entry.created_at,
        day=entry.posted_on,
        amount=entry.amount,
        moved_from=tuple(each.order for each in others if each.reversed_at == entry.created_at),
    )
    for refund in ledger.refunds_of(entry):
        yield from _of_refund(entry, refund, redact(refund.code, shows_phones=shows_phones))
    if entry.reversed_at is not None:
        yield _entry(
            entry,
            EntryKind.UNMATCHED,
            moment=entry.reversed_at,
            day=entry.reversed_on,
            amount=-entry.amount,
            detail=entry.get_reversal_reason_display(),
            moved_to=tuple(each.order for each in others if each.created_at == entry.reversed_at),
        )


def _of_refund(entry: MpesaAllocation, refund: MpesaRefund, code: str) -> Iterator[OrderEntry]:
    """Yield a refund that sent money, and its voiding."""
    if refund.status not in {RefundStatus.COMPLETED, RefundStatus.VOIDED}:
        return
    yield _entry(
        entry,
        EntryKind.REFUNDED,
        moment=refund.requested_at,
        day=refund.posted_on,
        amount=-refund.amount,
        detail=" · ".join(filter(None, [code, refund.get_purpose_display()])),
    )
    if refund.voided_at is not None:
        day, amount = refund.voided_on, refund.amount
        yield _entry(entry, EntryKind.VOIDED, moment=refund.voided_at, day=day, amount=amount, detail=code)


def _entry(entry: MpesaAllocation, kind: EntryKind, *, day: date | None, amount: Decimal, **facts: Any) -> OrderEntry:
    is_claim = entry.claim_id is not None
    name, pk = ("dashboard:mpesa-claim", entry.claim_id) if is_claim else ("dashboard:mpesa-receipt", entry.receipt_id)
    return OrderEntry(
        kind=kind,
        day=date_format(day, "j M Y") if day else "",
        amount=ksh(amount),
        href=reverse(name, args=[pk]),
        number=entry.number or pgettext("label", "code missing"),
        **facts,
    )
