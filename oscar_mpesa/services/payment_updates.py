"""Apply updates to payments. A payment's status changes here and nowhere else."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.db import transaction

from oscar_mpesa.domain import result_codes
from oscar_mpesa.domain.payment_status import PaymentStatus, is_allowed, require_transition
from oscar_mpesa.models import EventReason, EventType, MpesaOrder, MpesaPayment, UpdateSource, Verdict
from oscar_mpesa.services import audit, outbox, receipts
from oscar_mpesa.services.locks import lock_payment
from oscar_mpesa.services.update_sources import PaymentUpdate

logger = logging.getLogger("oscar_mpesa")


def apply_update(payment: MpesaPayment, update: PaymentUpdate, *, now: datetime) -> Verdict:
    """Apply an update to a payment, once, and return the verdict on it.

    Locks the order, then the payment. An update that is no allowed transition changes nothing and raises nothing; an
    event records it. A success stores its receipt, books it in a savepoint, and enqueues messages for after the commit.
    ``payment.status`` is set to the new status.
    """
    with transaction.atomic(savepoint=False):
        locked = lock_payment(payment)
        if not _match_ids(locked, update):
            verdict = _request_query(locked, update, now, Verdict.UNMATCHED, EventReason.OTHER_PAYMENT)
        elif update.status is None or update.is_incomplete_success:
            verdict = _request_query(locked, update, now, Verdict.NO_CHANGE, EventReason.NOT_FINAL)
        elif locked.on_hold and update.source is not UpdateSource.CALLBACK:
            verdict = _ignore(locked, update, now, reason=EventReason.ON_HOLD)
        elif update.is_success:
            verdict = _apply_success(locked, update, now)
        else:
            verdict = _apply_failure(locked, update, update.status, now)
    payment.status = locked.status
    return verdict


def _match_ids(payment: MpesaPayment, update: PaymentUpdate) -> bool:
    """Return whether the update is about this payment; store its ids if the push reply brought none."""
    checkout_id = update.checkout_request_id
    if not checkout_id or checkout_id == payment.checkout_request_id:
        return True
    if payment.checkout_request_id is not None or MpesaPayment.objects.filter(checkout_request_id=checkout_id).exists():
        return False
    payment.checkout_request_id, payment.merchant_request_id = checkout_id, update.merchant_request_id
    payment.save(update_fields=["checkout_request_id", "merchant_request_id"])
    return True


def _request_query(
    payment: MpesaPayment, update: PaymentUpdate, now: datetime, verdict: Verdict, reason: EventReason
) -> Verdict:
    if update.source is UpdateSource.CALLBACK and not payment.on_hold and not payment.is_paid:
        _schedule_query(payment, now)
    audit.record(EventType.UPDATE_NOT_VERIFIED, payment, now=now, reason=reason, source=update.source)
    return verdict


def _schedule_query(payment: MpesaPayment, now: datetime) -> None:
    """Make ``reconcile`` query a live payment now; one that has ended, when it next checks the order."""
    if payment.is_live:
        payment.next_query_at = now
    else:
        payment.not_paid_at = None
        MpesaOrder.objects.filter(pk=payment.mpesa_order_id).update(close_check_at=now)
    payment.save(update_fields=["next_query_at", "not_paid_at"])


def _ignore(payment: MpesaPayment, update: PaymentUpdate, now: datetime, *, reason: EventReason) -> Verdict:
    status = update.status.value if update.status else None
    audit.record(
        EventType.UPDATE_IGNORED,
        payment,
        now=now,
        reason=reason,
        status=payment.status,
        ignored_status=status,
        source=update.source,
        code=update.code,
    )
    return Verdict.NO_CHANGE


def _apply_success(payment: MpesaPayment, update: PaymentUpdate, now: datetime) -> Verdict:
    """Store the receipt, then complete the payment. Another amount than the payment's puts it on hold."""
    verdict = receipts.store_receipt(payment, update, now)
    if verdict is Verdict.MISMATCH:
        payment.on_hold = not payment.is_paid
        payment.save(update_fields=["on_hold"])
    is_amount_right = update.amount is None or update.amount == payment.amount
    if payment.is_paid or not is_amount_right or verdict not in {Verdict.APPLIED, Verdict.DUPLICATE}:
        return verdict
    _end_payment(payment, PaymentStatus.COMPLETED, update, now)
    return Verdict.APPLIED


def _apply_failure(payment: MpesaPayment, update: PaymentUpdate, status: PaymentStatus, now: datetime) -> Verdict:
    if payment.on_hold:
        return _ignore(payment, update, now, reason=EventReason.ON_HOLD)
    if update.is_push_abandoned and payment.push_sent_at is not None:
        return _ignore(payment, update, now, reason=EventReason.SENT_MEANWHILE)
    if not is_allowed(PaymentStatus(payment.status), status):
        if update.code and update.code == payment.result_code:
            return Verdict.DUPLICATE
        return _ignore(payment, update, now, reason=EventReason.ALREADY_FINAL)
    _end_payment(payment, status, update, now)
    outbox.enqueue(payment, *outbox.MESSAGES_WHEN_FAILED, now=now)
    return Verdict.APPLIED


def end_by_staff(payment: MpesaPayment, status: PaymentStatus, *, by: Any, now: datetime) -> None:
    """End a payment as staff decided: *completed*, or *failed* if it was on hold. The caller locks the payment.

    Raises ``IllegalTransition`` for a transition that the table doesn't have.
    """
    require_transition(PaymentStatus(payment.status), status)
    code = result_codes.RESULTS["0"].code if status is PaymentStatus.COMPLETED else ""
    _end_payment(payment, status, PaymentUpdate(source=UpdateSource.STAFF, status=status, code=code), now, by=by)
    if status is not PaymentStatus.COMPLETED:
        outbox.enqueue(payment, *outbox.MESSAGES_WHEN_FAILED, now=now)


def _end_payment(
    payment: MpesaPayment, status: PaymentStatus, update: PaymentUpdate, now: datetime, *, by: Any = None
) -> None:
    before = payment.status
    payment.status = status.value
    payment.result_code, payment.result_description = update.code, update.description
    payment.live_order = payment.next_query_at = None
    payment.ended_at, payment.on_hold = now, False
    if status is PaymentStatus.COMPLETED:
        payment.completed_at = now
    payment.save()
    audit.record(
        EventType.PAYMENT_SETTLED,
        payment,
        now=now,
        by=by,
        before=before,
        after=status.value,
        source=update.source,
        code=update.code,
    )
    logger.info("M-PESA payment %s: %s → %s (%s %s)", payment.pk, before, status, update.source, update.code)
