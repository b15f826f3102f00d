"""Store the raw callback, then process it."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import F, Q, QuerySet
from django.utils.crypto import constant_time_compare
from django.views.decorators.debug import sensitive_variables

from oscar_mpesa.conf import get_settings
from oscar_mpesa.daraja.stk_push import CallbackUnreadable, parse_callback
from oscar_mpesa.domain.i18n import _
from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.models import (
    CallbackReason,
    EventType,
    MpesaCallback,
    MpesaPayment,
    MpesaReceipt,
    ReceiptSource,
    Verdict,
)
from oscar_mpesa.services import audit
from oscar_mpesa.services.authorization import require_permission
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.update_sources import PaymentUpdate, unreadable_update, update_from_callback

logger = logging.getLogger("oscar_mpesa")

#: Bytes of a body that are stored, with the payment's secret and without it.
MAX_BODY, MAX_UNVERIFIED_BODY = 64 * 1024, 2 * 1024

#: Unverified rows stored in a minute. Further posts are counted, not stored.
UNVERIFIED_A_MINUTE = 20

#: A callback that failed, or whose process died, is retried after this long. Each further pause is twice as long.
FIRST_RETRY = timedelta(minutes=1)

#: After this many tries a callback is not retried, and staff see it in the list.
MAX_TRIES = 10

#: How long unverified posts are stored, and how many are deleted at once.
UNVERIFIED_RETENTION, DELETE_BATCH = timedelta(days=30), 1000

#: Verdicts that can still change.
UNFINISHED = (Verdict.RECEIVED, Verdict.FAILED)


class ReprocessingRefused(Exception):
    """The callback was not processed again; ``sentence`` says why."""

    sentence = _("This callback already has its result.")


class BeingProcessed(ReprocessingRefused):
    """The callback arrived a moment ago, and another process still works on it."""

    sentence = _("This callback arrived a moment ago and is being processed. Check again in a minute.")


@sensitive_variables("secret", "body")
def receive_callback(body: bytes, *, secret: str, address: str | None, now: datetime) -> MpesaCallback | None:
    """Commit a callback's raw body to a row of its own, then process it. Must run outside a transaction.

    Only a callback with the payment's secret is trusted. One without it is stored as *unverified*, and at most moves
    the payment's next status check to now. Beyond ``UNVERIFIED_A_MINUTE`` it is only counted, and None is returned.
    Raises the database's errors if the row could not be stored, and nothing else.
    """
    payment = find_payment(secret)
    if payment is None:
        return _store_unverified(body, address, now)
    callback = MpesaCallback.objects.create(
        body=body[:MAX_BODY], address=address, received_at=now, environment=payment.environment, payment=payment
    )
    process_callback(callback, payment, now=now)
    return callback


@sensitive_variables("secret")
def find_payment(secret: str) -> MpesaPayment | None:
    """Return the payment whose callback address has this secret. Compares in constant time after the indexed lookup."""
    if not secret or "\x00" in secret or len(secret) > 64:
        return None
    payment = MpesaPayment.objects.filter(secret=secret).select_related("mpesa_order").first()
    return payment if payment is not None and constant_time_compare(payment.secret, secret) else None


def process_callback(callback: MpesaCallback, payment: MpesaPayment, *, now: datetime) -> None:
    """Apply a stored callback to its payment and record the verdict.

    Never raises: after an exception the verdict is *failed*, and ``reconcile`` retries the callback.
    """
    try:
        try:
            update = update_from_callback(parse_callback(bytes(callback.body)))
        except CallbackUnreadable as error:
            apply_update(payment, unreadable_update(), now=now)
            _set_verdict(callback, Verdict.UNREADABLE, reason=CallbackReason(error.fault.value), detail=error.field)
            return
        if _is_duplicate(payment, update):
            _set_verdict(callback, Verdict.DUPLICATE)
            return
        with transaction.atomic(durable=True):
            _set_verdict(callback, apply_update(payment, update, now=now))
    except Exception as error:
        logger.exception("M-PESA callback %s could not be processed; it is stored and will be retried", callback.pk)
        _mark_failed(callback, error, now)


def reprocess_callback(callback: MpesaCallback, *, by: Any, now: datetime) -> bool:
    """Process a *received* or *failed* callback again, whatever its tries; return False if it failed again.

    Needs ``act_on_payment``. Must run outside a transaction. The callback's money counts once, however often it is
    processed. Raises ``ReprocessingRefused`` and ``PermissionDenied``.
    """
    require_permission(by, "act_on_payment")
    if callback.verdict not in UNFINISHED or callback.payment is None:
        raise ReprocessingRefused(callback.pk)
    if callback.verdict == Verdict.RECEIVED and callback.received_at > now - FIRST_RETRY:
        raise BeingProcessed(callback.pk)
    audit.record(EventType.CALLBACK_REPROCESSED, callback.payment, now=now, by=by, callback=callback.pk)
    return retry_callback(callback, now=now)


def unprocessed_callbacks(now: datetime) -> QuerySet[MpesaCallback]:
    """Return callbacks to retry: those that failed, and those whose process died before it recorded a verdict."""
    is_retry_due = Q(next_try_at=None) | Q(next_try_at__lte=now)
    is_abandoned = Q(verdict=Verdict.RECEIVED, received_at__lte=now - FIRST_RETRY)
    return MpesaCallback.objects.filter(is_retry_due, is_abandoned | Q(verdict=Verdict.FAILED), tries__lt=MAX_TRIES)


def retry_callback(callback: MpesaCallback, *, now: datetime) -> bool:
    """Process an unfinished callback once more; return False if it failed again. Must run outside a transaction.

    Reserves the callback by compare-and-set on ``tries``. Returns True if another worker reserved it first.
    """
    assert callback.payment is not None
    unreserved = MpesaCallback.objects.filter(pk=callback.pk, verdict=callback.verdict, tries=callback.tries)
    if not unreserved.update(tries=F("tries") + 1, next_try_at=_next_try(callback.tries + 1, now)):
        return True
    callback.tries += 1
    process_callback(callback, callback.payment, now=now)
    return callback.verdict not in UNFINISHED


def delete_unverified(*, now: datetime) -> int:
    """Delete one batch of unverified posts older than 30 days; return their number."""
    old = MpesaCallback.objects.filter(verdict=Verdict.UNVERIFIED, received_at__lt=now - UNVERIFIED_RETENTION)
    batch = list(old.order_by("pk").values_list("pk", flat=True)[:DELETE_BATCH])
    return MpesaCallback.objects.filter(pk__in=batch).delete()[0] if batch else 0


def _next_try(tries: int, now: datetime) -> datetime:
    return now + FIRST_RETRY * int(2 ** (tries - 1))


def _mark_failed(callback: MpesaCallback, error: Exception, now: datetime) -> None:
    tries = max(callback.tries, 1)
    crash = {"reason": CallbackReason.CRASHED, "detail": repr(error)}
    try:
        _set_verdict(callback, Verdict.FAILED, tries=tries, next_try_at=_next_try(tries, now), **crash)
    except DatabaseError:
        logger.exception("M-PESA callback %s keeps the verdict %s", callback.pk, callback.verdict)


def _is_duplicate(payment: MpesaPayment, update: PaymentUpdate) -> bool:
    """Return whether the update repeats the callback that paid the payment. Such a repeat needs no lock."""
    is_about_other = update.checkout_request_id != payment.checkout_request_id
    if is_about_other or not update.receipt_number or update.amount is None or not payment.is_paid:
        return False
    known = MpesaReceipt.objects.filter(environment=payment.environment, number=update.receipt_number)
    return known.filter(payment_id=payment.pk, amount=update.amount).exclude(source=ReceiptSource.STAFF).exists()


def _set_verdict(
    callback: MpesaCallback, verdict: Verdict, *, reason: str = "", detail: str = "", **columns: object
) -> None:
    row = MpesaCallback.objects.filter(pk=callback.pk)
    row.update(verdict=verdict, reason=reason, detail=detail[:500], **columns)
    callback.verdict, callback.reason, callback.detail = verdict, reason, detail[:500]


def _store_unverified(body: bytes, address: str | None, now: datetime) -> MpesaCallback | None:
    recent = MpesaCallback.objects.filter(
        verdict=Verdict.UNVERIFIED, received_at__gt=now - timedelta(minutes=1)
    ).order_by("-id")
    newest = list(recent.values_list("pk", flat=True)[:UNVERIFIED_A_MINUTE])
    if len(newest) >= UNVERIFIED_A_MINUTE:
        _count_suppressed(newest[0])
        return None
    callback = MpesaCallback.objects.create(
        body=body[:MAX_UNVERIFIED_BODY],
        address=address,
        received_at=now,
        environment=get_settings().environment,
        verdict=Verdict.UNVERIFIED,
    )
    before = list(recent.filter(pk__lt=callback.pk).values_list("pk", flat=True)[:UNVERIFIED_A_MINUTE])
    if len(before) >= UNVERIFIED_A_MINUTE:  # other posts arrived at the same moment
        callback.delete()
        _count_suppressed(before[0])
        return None
    _query_named_payment(body, now)
    return callback


def _count_suppressed(pk: int) -> None:
    MpesaCallback.objects.filter(pk=pk).update(suppressed=F("suppressed") + 1)


def _query_named_payment(body: bytes, now: datetime) -> None:
    """Move the next status check of the live payment that an unverified post names to now, once a minute at most."""
    try:
        checkout_request_id = parse_callback(body[:MAX_BODY]).checkout_request_id
    except CallbackUnreadable:
        return
    if not checkout_request_id:
        return
    not_moved = Q(callback_query_at=None) | Q(callback_query_at__lt=now - timedelta(minutes=1))
    named = MpesaPayment.objects.filter(not_moved, checkout_request_id=checkout_request_id)
    named.filter(status=PaymentStatus.PROCESSING.value, on_hold=False).update(next_query_at=now, callback_query_at=now)
