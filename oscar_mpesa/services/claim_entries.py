"""Count claims again that gave way, once their order owes more (L10)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from oscar_mpesa.conf import PRODUCTION, get_settings
from oscar_mpesa.models import AllocationReason, ClaimStatus, MpesaClaim, ReversalReason
from oscar_mpesa.services.entries import add_entry
from oscar_mpesa.services.ledger import NOTHING, TOLERANCE, Ledger


def count_claims(ledger: Ledger, *, now: datetime) -> None:
    """Count what open claims have left, up to the balance, oldest first. A closed or canceled order takes nothing.

    Leaves out claims that may be for money that is known, test claims of a real order or shop, and claims that gave way
    to money that a person matched. Makes one query if a claim has something left that the order owes.
    """
    mpesa_order = ledger.mpesa_order
    waiting = [each for each in ledger.claims if _left(ledger, each) > 0 and _is_usable(ledger, each)]
    is_over = mpesa_order.is_closed or mpesa_order.basket_restored_at is not None
    if is_over or ledger.balance < TOLERANCE or not waiting:
        return
    known = _amounts_without_claim(ledger)
    for claim in sorted(waiting, key=lambda each: each.pk):
        amount = min(_left(ledger, claim), ledger.balance)
        if amount >= TOLERANCE and claim.amount not in known:
            add_entry(ledger, claim, amount, AllocationReason.CLAIM, order_id=mpesa_order.pk, by=claim.by, now=now)


def _left(ledger: Ledger, claim: MpesaClaim) -> Decimal:
    return claim.amount - sum((each.amount for each in ledger.claimed if each.claim_id == claim.pk), NOTHING)


def _is_usable(ledger: Ledger, claim: MpesaClaim) -> bool:
    is_test_in_real_shop = get_settings().environment == PRODUCTION != claim.environment
    if claim.receipt_id is not None or claim.environment != ledger.mpesa_order.environment or is_test_in_real_shop:
        return False
    given_up = [each for each in ledger.allocations if each.claim_id == claim.pk and not each.is_active]
    moments = {each.reversed_at for each in given_up if each.reversal_reason == ReversalReason.CONFIRMED_MONEY}
    matched = (each for each in ledger.allocations if each.reason == AllocationReason.STAFF)
    return all(each.created_at not in moments for each in matched)


def _amounts_without_claim(ledger: Ledger) -> set[Decimal]:
    """Return the amounts of the order's money that no claim names. A claim of such an amount may be for that money."""
    counting = {each.receipt_id for each in ledger.proven}
    own = [each for each in ledger.receipts if each.meant_for_id == ledger.mpesa_order.pk or each.pk in counting]
    statuses = [ClaimStatus.OPEN, ClaimStatus.CONFIRMED]
    naming = MpesaClaim.objects.filter(receipt_id__in=[each.pk for each in own], status__in=statuses)
    named = set(naming.values_list("receipt_id", flat=True))
    return {each.amount for each in own if each.pk not in named and each.same_as_id is None}
