"""The one door through which a payment becomes paid or failed, whoever says so."""

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


def apply_update(payment: MpesaPayment, news: PaymentUpdate, *, now: datetime) -> Verdict:
    """Believe news of a payment as far as it can be believed, once, whoever brings it.

    Locks the order, then the payment. News that is no legal step changes nothing and never raises: it is kept as
    an event. A success keeps its receipt, writes the shop's books in a savepoint, and leaves what is due to be sent
    after the commit. Says what became of the news; the payment that was handed in learns its new status.
    """
    with transaction.atomic(savepoint=False):
        _, locked = lock_payment(payment)
        verdict = _apply(locked, news, now)
    payment.status = locked.status
    return verdict


def _apply(payment: MpesaPayment, news: PaymentUpdate, now: datetime) -> Verdict:
    if not _names_payment(payment, news):
        return _request_query(payment, news, now, Verdict.UNMATCHED, EventReason.OTHER_PAYMENT)
    _complete_ids(payment, news)
    if news.status is None or news.is_incomplete_success:
        return _request_query(payment, news, now, Verdict.NO_CHANGE, EventReason.NOT_FINAL)
    if payment.on_hold and news.source is not UpdateSource.CALLBACK:
        return _ignore(payment, news, now, reason=EventReason.ON_HOLD)
    if news.is_success:
        return _apply_success(payment, news, now)
    return _apply_failure(payment, news, now)


def _names_payment(payment: MpesaPayment, news: PaymentUpdate) -> bool:
    told = news.checkout_request_id
    if not told or told == payment.checkout_request_id:
        return True
    taken = MpesaPayment.objects.filter(checkout_request_id=told).exists()
    return payment.checkout_request_id is None and not taken


def _complete_ids(payment: MpesaPayment, news: PaymentUpdate) -> None:
    if payment.checkout_request_id is None and news.checkout_request_id:
        payment.checkout_request_id = news.checkout_request_id
        payment.merchant_request_id = news.merchant_request_id
        payment.save(update_fields=["checkout_request_id", "merchant_request_id"])


def _request_query(
    payment: MpesaPayment, news: PaymentUpdate, now: datetime, verdict: Verdict, reason: EventReason
) -> Verdict:
    if news.source is UpdateSource.CALLBACK and not payment.on_hold and not payment.is_paid:
        _query_soon(payment, now)
    audit.record(EventType.UPDATE_NOT_VERIFIED, payment, now=now, reason=reason, source=news.source)
    return verdict


def _query_soon(payment: MpesaPayment, now: datetime) -> None:
    """Reconcile asks: about a live payment by its own clock, about one that ended by its order's."""
    if payment.is_live:
        payment.next_query_at = now
    else:
        payment.not_paid_at = None
        MpesaOrder.objects.filter(pk=payment.mpesa_order_id).update(close_check_at=now)
    payment.save(update_fields=["next_query_at", "not_paid_at"])


def _ignore(payment: MpesaPayment, news: PaymentUpdate, now: datetime, *, reason: EventReason) -> Verdict:
    status = news.status.value if news.status else None
    audit.record(
        EventType.UPDATE_IGNORED,
        payment,
        now=now,
        reason=reason,
        status=payment.status,
        ignored_status=status,
        source=news.source,
        code=news.code,
    )
    return Verdict.NO_CHANGE


def _apply_success(payment: MpesaPayment, news: PaymentUpdate, now: datetime) -> Verdict:
    """M5 to M8: keep the money's receipt, then complete the payment by it."""
    verdict = receipts.store_receipt(payment, news, now)
    if verdict is Verdict.MISMATCH:
        payment.on_hold = not payment.is_paid
        payment.save(update_fields=["on_hold"])
    agrees = news.amount is None or news.amount == payment.amount
    if payment.is_paid or not agrees or verdict not in {Verdict.APPLIED, Verdict.DUPLICATE}:
        return verdict
    _end_payment(payment, PaymentStatus.COMPLETED, news, now)
    return Verdict.APPLIED


def _apply_failure(payment: MpesaPayment, news: PaymentUpdate, now: datetime) -> Verdict:
    status = news.status
    assert status is not None
    if payment.on_hold:
        return _ignore(payment, news, now, reason=EventReason.ON_HOLD)
    if news.is_push_abandoned and payment.push_sent_at is not None:
        return _ignore(payment, news, now, reason=EventReason.SENT_MEANWHILE)
    if not is_allowed(PaymentStatus(payment.status), status):
        if news.code and news.code == payment.result_code:
            return Verdict.DUPLICATE
        return _ignore(payment, news, now, reason=EventReason.ALREADY_FINAL)
    _end_payment(payment, status, news, now)
    outbox.enqueue(payment, *outbox.MESSAGES_WHEN_FAILED, now=now)
    return Verdict.APPLIED


def end_by_staff(payment: MpesaPayment, status: PaymentStatus, *, by: Any, now: datetime) -> None:
    """End a locked payment as a person decided about its money: *completed*, or *failed* where it was held.

    Raises ``IllegalStep`` for a step that is not in the table.
    """
    require_transition(PaymentStatus(payment.status), status)
    code = result_codes.RESULTS["0"].code if status is PaymentStatus.COMPLETED else ""
    _end_payment(payment, status, PaymentUpdate(source=UpdateSource.STAFF, status=status, code=code), now, by=by)
    if status is not PaymentStatus.COMPLETED:
        outbox.enqueue(payment, *outbox.MESSAGES_WHEN_FAILED, now=now)


def _end_payment(
    payment: MpesaPayment, status: PaymentStatus, news: PaymentUpdate, now: datetime, *, by: Any = None
) -> None:
    before = payment.status
    payment.status = status.value
    payment.result_code, payment.result_description = news.code, news.description
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
        source=news.source,
        code=news.code,
    )
    logger.info("M-Pesa payment %s: %s → %s (%s %s)", payment.pk, before, status, news.source, news.code)
