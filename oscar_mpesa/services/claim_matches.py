"""Match claims with the money that Safaricom proves (L10)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from oscar_mpesa.domain.timezone import NAIROBI, posting_day
from oscar_mpesa.models import (
    ClaimStatus,
    EventType,
    MpesaAllocation,
    MpesaClaim,
    MpesaReceipt,
    ReversalReason,
)
from oscar_mpesa.services import audit, bookings
from oscar_mpesa.services.authorization import name_of
from oscar_mpesa.services.commit import durable_transaction
from oscar_mpesa.services.deadlocks import repeat_on_deadlock
from oscar_mpesa.services.entries import available_since, reverse_entry
from oscar_mpesa.services.ledger import Ledger, read_ledger
from oscar_mpesa.services.locks import lock_mpesa_orders
from oscar_mpesa.services.reassessment import settle


def match_claims(ledger: Ledger, receipt: MpesaReceipt, *, now: datetime) -> None:
    """Let a receipt take the place of the claim that reported it, in the ledger of the receipt's order.

    A claim with the receipt's code is confirmed. Money without a code takes the place of the only open claim of its
    amount, which stays open: it may be a claim for other money. A claim for another order is matched after the commit,
    because its order has to be locked too. The caller locks the order and settles the ledger afterwards.
    """
    money = next((each for each in ledger.receipts if each.pk == receipt.pk), receipt)
    number = money.number
    if number is not None:
        transaction.on_commit(lambda: match_pending(number, money.environment, now=now), robust=True)
        named = [each for each in ledger.claims if each.number == money.number]
        for claim in (each for each in named if each.environment == money.environment):
            confirm(ledger, claim, money, now=now)
        for claim in (each for each in ledger.claims if each.receipt_id == money.pk):
            _become_own_money(claim, now)
        return
    same = [each for each in ledger.claims if each.receipt_id is None and each.amount == money.amount]
    if len(same) == 1 and same[0].environment == money.environment:
        _hand_over(ledger, same[0], money, now=now)
        same[0].receipt = money
        same[0].save(update_fields=["receipt"])


@repeat_on_deadlock
def match_pending(number: str, environment: str, *, now: datetime) -> None:
    """Match a receipt with a claim of its code that was recorded for another order, or at the same moment.

    Must run outside a transaction. Locks both orders. Makes one query if there is no such claim.
    """
    claim = MpesaClaim.objects.filter(environment=environment, open_number=number).first()
    receipt = MpesaReceipt.objects.filter(environment=environment, number=number).first() if claim else None
    if claim is None or receipt is None:
        return
    with durable_transaction():
        orders = lock_mpesa_orders({claim.order_id, *filter(None, [receipt.meant_for_id])})
        ledger = read_ledger(orders[claim.order_id])
        own = next((each for each in ledger.claims if each.pk == claim.pk), None)
        if own is None:
            return
        confirm(ledger, own, receipt, now=now)
        settle(ledger, now=now)
        if receipt.meant_for_id is not None and receipt.meant_for_id != claim.order_id:
            settle(read_ledger(orders[receipt.meant_for_id]), now=now)


def pending_matches() -> QuerySet[MpesaReceipt]:
    """Return the receipts whose code an open claim names. ``reconcile`` matches those that a process left behind."""
    claims = MpesaClaim.objects.filter(open_number=OuterRef("number"), environment=OuterRef("environment"))
    numbers = MpesaClaim.objects.filter(status=ClaimStatus.OPEN).values("open_number")
    return MpesaReceipt.objects.filter(Exists(claims), number__in=numbers)


def confirm(ledger: Ledger, claim: MpesaClaim, receipt: MpesaReceipt, *, now: datetime) -> None:
    """End a claim whose code Safaricom reported.

    For the same order and amount, the receipt takes the claim's allocation, and the amounts in the shop's books stay.
    Otherwise the allocation is reversed: Safaricom's order and amount win. The claim is then *withdrawn* if it named
    another order.
    """
    is_same_order = receipt.meant_for_id in {None, claim.order_id}
    counted = ledger.worth_of(each for each in ledger.claimed if each.claim_id == claim.pk)
    if is_same_order and receipt.amount == claim.amount and counted <= ledger.left(receipt):
        bookings.name_entries(_hand_over(ledger, claim, receipt, now=now), ledger, now=now)
    else:
        for entry in [each for each in ledger.claimed if each.claim_id == claim.pk]:
            reverse_entry(ledger, entry, ReversalReason.OTHER_TARGET, now=now)
    end_claim(ledger, claim, ClaimStatus.CONFIRMED if is_same_order else ClaimStatus.WITHDRAWN, now=now)
    event = EventType.CLAIM_CONFIRMED if is_same_order else EventType.CLAIM_WITHDRAWN
    claim.receipt = receipt
    claim.save(update_fields=["receipt"])
    params: dict[str, Any] = {"claim": claim.pk, "number": claim.number, "amount": str(claim.amount)}
    audit.record(event, ledger.mpesa_order, now=now, receipt=receipt, **params)


def end_claim(
    ledger: Ledger, claim: MpesaClaim, status: ClaimStatus, *, by: Any = None, note: str = "", now: datetime
) -> None:
    """End an open claim. It no longer counts, and its code may be recorded again."""
    claim.status, claim.open_number = status.value, None
    claim.ended_at, claim.ended_on = now, now.astimezone(NAIROBI).date()
    claim.ended_by_name, claim.end_note = name_of(by) if by else "", note
    claim.save(update_fields=["status", "open_number", "ended_at", "ended_on", "ended_by_name", "end_note"])
    ledger.claims.remove(claim)


def _become_own_money(claim: MpesaClaim, now: datetime) -> None:
    """Take a claim from money that turned out to have another code. Now the claim is money of its own."""
    claim.receipt = None
    claim.posted_on = claim.posted_on or now.astimezone(NAIROBI).date()
    claim.save(update_fields=["receipt", "posted_on"])


def _hand_over(ledger: Ledger, claim: MpesaClaim, receipt: MpesaReceipt, *, now: datetime) -> list[MpesaAllocation]:
    """Give the claim's allocation to the receipt, and return it. The sums of the order do not change.

    Reports count it on the receipt's day, or today if that day is closed: a claim is no income. It is a new entry for
    them, so settling writes again what the order owes after it.
    """
    earliest = max(available_since(ledger, receipt), posting_day(receipt.paid_at, now))
    entries = [each for each in ledger.claimed if each.claim_id == claim.pk]
    for entry in entries:
        entry.claim, entry.receipt, entry.posted_on = None, receipt, max(entry.posted_on, earliest)
        entry.handed_over_at, entry.balance_after = now, None
        entry.save(update_fields=["claim", "receipt", "posted_on", "handed_over_at", "balance_after"])
    return entries
