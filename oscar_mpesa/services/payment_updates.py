"""Apply updates to payments. A payment's status changes here and nowhere else."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import transaction

from oscar_mpesa.domain.payment_status import PaymentStatus, is_allowed
from oscar_mpesa.models import CallbackReason, EventReason, EventType, MpesaPayment, UpdateSource, Verdict
from oscar_mpesa.services import audit, outbox, query_clock, receipts
from oscar_mpesa.services.deadlocks import repeat_on_deadlock
from oscar_mpesa.services.expected_callbacks import CIRCUMSTANCES, doubt_about, known_numbers
from oscar_mpesa.services.locks import lock_payment
from oscar_mpesa.services.update_sources import PaymentUpdate
from oscar_mpesa.services.wake import wake

logger = logging.getLogger("oscar_mpesa")


def apply_update(payment: MpesaPayment, update: PaymentUpdate, *, now: datetime) -> Verdict:
    """Apply an update to a payment, once, and return the verdict on it.

    Locks the order, then the payment. An update that is no allowed transition changes nothing and raises nothing; an
    event records it. A success stores its receipt, books it in a savepoint, and enqueues messages for after the commit.
    A callback's success that is not expected changes no money: it is *unconfirmed*, and a query becomes due.
    ``payment.status`` is set to the new status.
    """
    return apply_callback(payment, update, now=now)[0]


@repeat_on_deadlock
def apply_callback(payment: MpesaPayment, update: PaymentUpdate, *, now: datetime) -> tuple[Verdict, str]:
    """Apply an update like ``apply_update``; return the verdict and why it is *unconfirmed*, or an empty text.

    ``payment.unconfirmed_at`` is set to what it was before.
    """
    with transaction.atomic(savepoint=False):
        locked = lock_payment(payment)
        payment.unconfirmed_at = locked.unconfirmed_at
        doubt = _doubt_about(locked, update, now)
        if doubt and update.was_unconfirmed:
            verdict = Verdict.UNCONFIRMED
        else:
            verdict = _await_confirmation(locked, update, doubt, now) if doubt else _apply(locked, update, now)
    payment.status = locked.status
    return verdict, doubt.value if doubt else ""


def _doubt_about(payment: MpesaPayment, update: PaymentUpdate, now: datetime) -> CallbackReason | None:
    if update.source is not UpdateSource.CALLBACK or not update.is_success or update.is_confirmed:
        return None
    return doubt_about(payment, update, now=now)


def _apply(payment: MpesaPayment, update: PaymentUpdate, now: datetime) -> Verdict:
    if not _is_about(payment, update):
        return _request_query(payment, update, now, Verdict.UNMATCHED, EventReason.OTHER_PAYMENT)
    if update.status is None:
        return _request_query(payment, update, now, Verdict.NO_CHANGE, EventReason.NOT_FINAL)
    return _apply_success(payment, update, now) if update.is_success else _apply_failure(payment, update, now)


def _is_about(payment: MpesaPayment, update: PaymentUpdate) -> bool:
    """Return whether the update names the payment's checkout id. A callback's failure must name it."""
    if payment.checkout_request_id is None or update.checkout_request_id == payment.checkout_request_id:
        return True
    must_name_it = update.source is UpdateSource.CALLBACK and update.status is not None and not update.is_success
    return not update.checkout_request_id and not must_name_it


def _await_confirmation(payment: MpesaPayment, update: PaymentUpdate, doubt: CallbackReason, now: datetime) -> Verdict:
    """Make a query due, because only Safaricom can confirm the success that a callback reports.

    Money that is there already needs none. A push without a checkout id can't be queried.
    """
    audit.record(EventType.SUCCESS_UNCONFIRMED, payment, now=now, reason=doubt.value)
    has_id = bool(payment.checkout_request_id or update.checkout_request_id)
    if doubt is CallbackReason.SECOND_CODE:
        logger.error("M-PESA payment %s: a callback names a second M-PESA code", payment.pk)
    elif has_id and not known_numbers(payment):
        if update.checkout_request_id and payment.checkout_request_id in {None, update.checkout_request_id}:
            payment.confirming_since = now  # only such a report may be honest, so only it stops other payments
        _start_confirmation(payment, now, has_right_facts=doubt in CIRCUMSTANCES)
    return Verdict.UNCONFIRMED


def _start_confirmation(payment: MpesaPayment, now: datetime, *, has_right_facts: bool) -> None:
    is_due = query_clock.await_confirmation(payment, now, has_right_facts=has_right_facts)
    payment.save(
        update_fields=[
            "unconfirmed_at",
            "confirming_since",
            "confirmation_count",
            "next_query_at",
            "callback_query_at",
        ]
    )
    if is_due:
        transaction.on_commit(lambda: wake(now=now), robust=True)


def _request_query(
    payment: MpesaPayment, update: PaymentUpdate, now: datetime, verdict: Verdict, reason: EventReason
) -> Verdict:
    """Make a query due for a callback that settles nothing. One that can't be read may have been a success."""
    audit.record(EventType.UPDATE_NOT_VERIFIED, payment, now=now, reason=reason, source=update.source)
    if update.source is not UpdateSource.CALLBACK or payment.is_paid:
        return verdict
    if payment.is_live and query_clock.request_live_query(payment, now):
        payment.save(update_fields=["next_query_at", "callback_query_at"])
    elif not payment.is_live and not update.code and payment.checkout_request_id and not known_numbers(payment):
        _start_confirmation(payment, now, has_right_facts=False)
    return verdict


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
    """Store the receipt, then complete the payment, whatever the amount. The order's balance says what counts."""
    verdict = receipts.store_receipt(payment, update, now)
    if verdict is Verdict.UNMATCHED:
        return verdict
    if payment.unconfirmed_at is not None:
        payment.unconfirmed_at = payment.confirming_since = None
        payment.save(update_fields=["unconfirmed_at", "confirming_since"])
    if payment.is_paid:
        return verdict
    _end_payment(payment, PaymentStatus.COMPLETED, update, now)
    return verdict if verdict is Verdict.MISMATCH else Verdict.APPLIED


def _apply_failure(payment: MpesaPayment, update: PaymentUpdate, now: datetime) -> Verdict:
    assert update.status is not None  # nosec B101 # narrows the type
    if update.is_push_abandoned and payment.push_sent_at is not None:
        return _ignore(payment, update, now, reason=EventReason.SENT_MEANWHILE)
    if payment.was_unanswered and update.is_from_safaricom:
        return _name_result(payment, update, now)
    if not is_allowed(PaymentStatus(payment.status), update.status):
        if update.code and update.code == payment.result_code:
            return Verdict.DUPLICATE
        return _ignore(payment, update, now, reason=EventReason.ALREADY_FINAL)
    _end_payment(payment, update.status, update, now)
    outbox.enqueue(payment, *outbox.MESSAGES_WHEN_FAILED, now=now)
    return Verdict.APPLIED


def _name_result(payment: MpesaPayment, update: PaymentUpdate, now: datetime) -> Verdict:
    """Store the failure of a payment that had expired. Its status stays, and its pages say why it failed."""
    payment.result_code, payment.result_description = update.code, update.description
    payment.next_query_at = query_clock.query_after_failure(payment, now)
    payment.save(update_fields=["result_code", "result_description", "next_query_at"])
    audit.record(EventType.RESULT_NAMED, payment, now=now, source=update.source, code=update.code)
    return Verdict.APPLIED


def _end_payment(payment: MpesaPayment, status: PaymentStatus, update: PaymentUpdate, now: datetime) -> None:
    before = payment.status
    payment.status = status.value
    payment.result_code, payment.result_description = update.code, update.description
    payment.live_order, payment.ended_at = None, now
    is_completed = status is PaymentStatus.COMPLETED
    payment.next_query_at = None if is_completed else query_clock.query_after_failure(payment, now)
    if is_completed:
        payment.completed_at = now
    payment.save()
    audit.record(
        EventType.PAYMENT_SETTLED,
        payment,
        now=now,
        before=before,
        after=status.value,
        source=update.source,
        code=update.code,
    )
    logger.info("M-PESA payment %s: %s → %s (%s %s)", payment.pk, before, status, update.source, update.code)
