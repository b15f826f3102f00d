"""Record payments that staff found in the M-PESA portal or on a statement, before Safaricom reports them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from oscar_mpesa.conf import PRODUCTION, get_settings
from oscar_mpesa.domain.receipt_number import receipt_number
from oscar_mpesa.domain.timezone import NAIROBI
from oscar_mpesa.models import (
    AllocationReason,
    ClaimStatus,
    EventType,
    MpesaClaim,
    MpesaOrder,
    MpesaReceipt,
    ReversalReason,
)
from oscar_mpesa.services import audit, order_stock
from oscar_mpesa.services.authorization import name_of, require_permission
from oscar_mpesa.services.claim_matches import end_claim, match_pending
from oscar_mpesa.services.commit import hook_safe_transaction
from oscar_mpesa.services.deadlocks import repeat_on_deadlock
from oscar_mpesa.services.entries import add_entry, reverse_entry
from oscar_mpesa.services.exceptions import (
    ClaimEnded,
    ClaimKnown,
    NoteMissing,
    ReceiptKnown,
    require_amount,
    require_time,
)
from oscar_mpesa.services.ledger import NOTHING, TOLERANCE, Ledger, read_ledger
from oscar_mpesa.services.locks import lock_mpesa_order
from oscar_mpesa.services.payments import get_or_create_mpesa_order
from oscar_mpesa.services.reassessment import become_production, settle

__all__ = ["record_claim", "withdraw_claim"]

#: Shillings; more than M-PESA can transfer at once.
MAX_AMOUNT = 999_999_999


@repeat_on_deadlock
def record_claim(
    number: str,
    amount: Decimal,
    *,
    order: Any,
    paid_at: datetime | None = None,
    by: Any,
    note: str,
    now: datetime,
) -> MpesaClaim:
    """Record a payment that staff found elsewhere, or the code of money that has none yet. Locks the order.

    The claim counts for the order, up to its balance, until Safaricom reports the code: then the receipt takes its
    place. If the order has money of this amount without a code, the claim only names its code, and counts nothing.
    ``amount`` is in shillings, ``paid_at`` in UTC; ``note`` says where the money was found.

    Raises ``PermissionDenied``, ``ReceiptNumberRefused``, or ``DecisionRefused``: ``ReceiptKnown`` and ``ClaimKnown``
    for a known code. Nothing is changed then.
    """
    require_permission(by, "record_claim")
    require_amount(amount, most=MAX_AMOUNT)
    require_time(paid_at or now, now=now)
    if not note.strip():
        raise NoteMissing
    code = receipt_number(number)
    with hook_safe_transaction():
        claim = _record(code, amount, order, paid_at or now, by=by, note=note, now=now)
        transaction.on_commit(lambda: match_pending(code, claim.environment, now=now), robust=True)
    return claim


@repeat_on_deadlock
def withdraw_claim(claim: MpesaClaim, *, by: Any, note: str, now: datetime) -> MpesaClaim:
    """Withdraw a claim that was recorded by mistake, and reverse what it counts. Locks the order.

    Needs ``record_claim``. Raises ``PermissionDenied``, ``NoteMissing``, or ``ClaimEnded``.
    """
    require_permission(by, "record_claim")
    if not note.strip():
        raise NoteMissing
    with hook_safe_transaction():
        ledger = read_ledger(lock_mpesa_order(claim.order_id))
        own = next((each for each in ledger.claims if each.pk == claim.pk), None)
        if own is None:
            raise ClaimEnded(claim.pk)
        for entry in [each for each in ledger.claimed if each.claim_id == own.pk]:
            reverse_entry(ledger, entry, ReversalReason.WITHDRAWN, by=by, note=note, now=now)
        end_claim(ledger, own, ClaimStatus.WITHDRAWN, by=by, note=note, now=now)
        params: dict[str, Any] = {"claim": own.pk, "number": own.number, "amount": str(own.amount), "note": note}
        audit.record(EventType.CLAIM_WITHDRAWN, ledger.mpesa_order, now=now, by=by, receipt=own.receipt, **params)
        settle(ledger, now=now)
    return own


def _record(
    code: str, amount: Decimal, order: Any, paid_at: datetime, *, by: Any, note: str, now: datetime
) -> MpesaClaim:
    mpesa_order = get_or_create_mpesa_order(order.pk, now=now)
    environment = environment_of_claim(mpesa_order)
    require_unknown(code, environment)
    ledger = read_ledger(mpesa_order)
    known_money = _money_without_code(ledger, amount, environment)
    claim = _create_unless_known(
        number=code,
        environment=environment,
        shortcode=get_settings().SHORTCODE,
        amount=amount,
        order_id=mpesa_order.pk,
        receipt=known_money,
        posted_on=None if known_money else now.astimezone(NAIROBI).date(),
        paid_at=paid_at,
        seen_in=note,
        by=by,
        by_name=name_of(by),
        created_at=now,
    )
    ledger.claims.append(claim)
    params: dict[str, Any] = {"claim": claim.pk, "number": code, "amount": str(amount), "note": note}
    audit.record(EventType.CLAIM_RECORDED, mpesa_order, now=now, by=by, receipt=claim.receipt, **params)
    become_production(ledger, now=now)  # before the claim counts up to the balance
    _count(ledger, claim, by=by, now=now)
    settle(ledger, now=now)
    return claim


def _create_unless_known(*, number: str, **fields: Any) -> MpesaClaim:
    """Create an open claim. Raises ``ClaimKnown`` if the code was recorded at the same moment."""
    try:
        with transaction.atomic():
            return MpesaClaim.objects.create(number=number, open_number=number, **fields)
    except IntegrityError as error:
        raise ClaimKnown(number) from error


def _count(ledger: Ledger, claim: MpesaClaim, *, by: Any, now: datetime) -> None:
    """Allocate a claim to its order, up to the balance, and reopen a closed order if it is in stock."""
    mpesa_order, amount = ledger.mpesa_order, _countable(ledger, claim.amount)
    if claim.receipt_id is not None or not amount:
        return
    is_paid = ledger.balance - amount < TOLERANCE
    if mpesa_order.is_closed and not order_stock.reopen(mpesa_order, is_paid=is_paid, by=by, now=now):
        return
    add_entry(ledger, claim, amount, AllocationReason.CLAIM, order_id=mpesa_order.pk, by=by, now=now)


def _countable(ledger: Ledger, amount: Decimal) -> Decimal:
    """Return how much of a claim's amount can count for the order."""
    part = min(amount, ledger.balance)
    return NOTHING if part < TOLERANCE or ledger.mpesa_order.basket_restored_at is not None else part


def _money_without_code(ledger: Ledger, amount: Decimal, environment: str) -> MpesaReceipt | None:
    """Return the order's oldest money of this amount without a code that no claim names yet."""
    named = {claim.receipt_id for claim in ledger.claims}
    for receipt in ledger.receipts:
        is_same = (receipt.number, receipt.amount, receipt.environment) == (None, amount, environment)
        if is_same and receipt.pk not in named and receipt.same_as_id is None:
            return receipt
    return None


def environment_of_claim(mpesa_order: MpesaOrder) -> str:
    """Return the environment of a claim for an order: the shop's, or production if the order is (L15)."""
    ours = get_settings().environment
    return PRODUCTION if PRODUCTION in {ours, mpesa_order.environment} else ours


def require_unknown(code: str, environment: str = "") -> None:
    """Raise ``ReceiptKnown`` or ``ClaimKnown`` if money or an open claim of the environment has this code.

    By default it is the shop's environment.
    """
    environment = environment or get_settings().environment
    known = MpesaReceipt.objects.filter(environment=environment, number=code).first()
    if known is not None:
        raise ReceiptKnown(known)
    if MpesaClaim.objects.filter(environment=environment, open_number=code).exists():
        raise ClaimKnown(code)


def open_claims_of(mpesa_order: MpesaOrder) -> list[MpesaClaim]:
    """Return the open claims of an order, oldest first. Makes one query."""
    return list(MpesaClaim.objects.filter(order_id=mpesa_order.pk, status=ClaimStatus.OPEN).order_by("pk"))
