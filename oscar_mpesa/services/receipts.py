"""Store the money that payments brought, once each. A receipt is a fact: only a missing code is added later."""

from __future__ import annotations

import logging
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Q

from oscar_mpesa.domain.timezone import posting_day
from oscar_mpesa.models import Channel, EventType, MpesaPayment, MpesaReceipt, Verdict
from oscar_mpesa.services import audit, bookings, claim_matches
from oscar_mpesa.services.ledger import Ledger, read_ledger
from oscar_mpesa.services.reassessment import settle
from oscar_mpesa.services.update_sources import PaymentUpdate

logger = logging.getLogger("oscar_mpesa")


def store_receipt(payment: MpesaPayment, update: PaymentUpdate, now: datetime) -> Verdict:
    """Store the money of a successful update, once, and reassess its order. The caller locks the order and payment.

    Returns ``applied`` for new money or a code that was missing, ``duplicate`` for what is known, and ``no_change`` if
    the update adds nothing. Returns ``mismatch`` if the amount is not the payment's, and ``unmatched`` if the code
    belongs to another payment or the payment has another code.
    """
    number = update.receipt_number or None
    own, is_of_other_payment = _look_up(payment, number)
    if is_of_other_payment:
        return _report_conflict(payment, update, own, now)
    if own is None:
        return _store_new(payment, update, now)
    if number is None:
        return Verdict.NO_CHANGE
    if own.number is None:
        return _complete(own, payment, update, now)
    if own.number != number:
        return _report_conflict(payment, update, own, now)
    return _repeat(own, payment, update, now)


def _look_up(payment: MpesaPayment, number: str | None) -> tuple[MpesaReceipt | None, bool]:
    """Return the payment's receipt, and whether a code is another receipt's."""
    same = Q(environment=payment.environment, number=number) if number else Q(pk__in=[])
    known = list(MpesaReceipt.objects.filter(Q(payment=payment) | same))
    own = next((each for each in known if each.payment_id == payment.pk), None)
    return own, any(each is not own for each in known)


def _store_new(payment: MpesaPayment, update: PaymentUpdate, now: datetime) -> Verdict:
    """Store new money. Without a code, a query proved the amount that was asked, and nothing else."""
    number, paid_at = update.receipt_number or None, update.paid_at or now
    receipt = MpesaReceipt.objects.create(
        number=number,
        environment=payment.environment,
        shortcode=payment.shortcode,
        amount=update.amount if number and update.amount is not None else Decimal(payment.amount),
        paid_at=paid_at,
        posted_on=posting_day(paid_at, now),
        channel=Channel.STK,
        payer=update.payer[:128],
        payment=payment,
        meant_for_id=payment.order_id,
        created_at=now,
    )
    ledger = read_ledger(payment.mpesa_order, new=receipt)
    claim_matches.match_claims(ledger, receipt, now=now)
    settle(ledger, now=now)
    return Verdict.APPLIED if receipt.amount == payment.amount else Verdict.MISMATCH


def _complete(receipt: MpesaReceipt, payment: MpesaPayment, update: PaymentUpdate, now: datetime) -> Verdict:
    """Add the code, the name and M-PESA's time to money that a query found. Its amount is proven and stays."""
    receipt.number, receipt.payer = update.receipt_number, update.payer[:128]
    if receipt.posted_on != posting_day(receipt.paid_at, now):
        receipt.posted_paid_at = receipt.paid_at  # its day is closed, and stays as it was reported
    receipt.paid_at = update.paid_at or receipt.paid_at
    receipt.save(update_fields=["number", "payer", "paid_at", "posted_paid_at"])
    audit.record(
        EventType.RECEIPT_CODE_ADDED,
        payment,
        now=now,
        receipt=receipt,
        source=update.source,
        number=receipt.number,
    )
    ledger = read_ledger(payment.mpesa_order)
    claim_matches.match_claims(ledger, receipt, now=now)
    _name_in_books(ledger, receipt, now)
    settle(ledger, now=now)
    if update.amount in {None, receipt.amount}:
        return Verdict.APPLIED
    return _repeat(receipt, payment, update, now)


def _name_in_books(ledger: Ledger, receipt: MpesaReceipt, now: datetime) -> None:
    """Write a receipt's code into the order's books, and after the commit into those of orders that it was moved to.

    If the process dies at the commit, ``reconcile`` does it.
    """
    active = [each for each in ledger.allocations if each.receipt_id == receipt.pk and each.is_active]
    bookings.name_entries([each for each in active if each.order_id == receipt.meant_for_id], ledger, now=now)
    others = [each for each in active if each.order_id not in {None, receipt.meant_for_id}]
    for entry in others:
        bookings.name_later(entry, now=now)
    for order_id in {each.order_id for each in others}:
        _name_after_commit(receipt, order_id, now)


def _name_after_commit(receipt: MpesaReceipt, order_id: int | None, now: datetime) -> None:
    assert order_id is not None  # nosec B101 # narrows the type
    transaction.on_commit(lambda: bookings.name_receipt(receipt, order_id, now=now), robust=True)


def _repeat(receipt: MpesaReceipt, payment: MpesaPayment, update: PaymentUpdate, now: datetime) -> Verdict:
    """Compare an update with the money that has its code. Another amount changes nothing, and is recorded."""
    if update.amount in {None, receipt.amount}:
        return Verdict.DUPLICATE
    audit.record(EventType.RECEIPT_AMOUNT_CONFLICT, payment, now=now, receipt=receipt, amount=str(update.amount))
    return Verdict.NO_CHANGE


def _report_conflict(payment: MpesaPayment, update: PaymentUpdate, own: MpesaReceipt | None, now: datetime) -> Verdict:
    """Record a code that is another payment's, or a second code of a payment that has one. It never counts."""
    number = update.receipt_number
    logger.error("M-PESA payment %s: code %s belongs to another payment, or is its second one", payment.pk, number)
    audit.record(EventType.RECEIPT_CODE_CONFLICT, payment, now=now, receipt=own, number=number)
    return Verdict.UNMATCHED
