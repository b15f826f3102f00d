"""Store the raw callback, then process it."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import Error as DatabaseError
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
    Verdict,
)
from oscar_mpesa.services import audit
from oscar_mpesa.services.authorization import require_permission
from oscar_mpesa.services.callback_reports import MAX_REPORTS
from oscar_mpesa.services.commit import durable_transaction
from oscar_mpesa.services.deadlocks import repeat_on_deadlock
from oscar_mpesa.services.expected_callbacks import is_from_elsewhere
from oscar_mpesa.services.payment_updates import apply_callback, apply_update
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
def receive_callback(
    body: bytes, *, secret: str, address: str | None, now: datetime, is_confirmed: bool = False
) -> MpesaCallback | None:
    """Commit a callback's raw body to a row of its own, then process it. Must run outside a transaction.

    The secret says which payment the callback is about. Without one it is stored as *unverified*, and at most moves
    the payment's next status check to now. Beyond ``UNVERIFIED_A_MINUTE`` it is only counted, and None is returned.
    ``is_confirmed`` is for the body that the simulator answers a query with.
    Raises the database's errors if the row could not be stored, and nothing else.
    """
    payment = find_payment(secret)
    if payment is None:
        return _store_unverified(body, address, now)
    callback = MpesaCallback.objects.create(
        body=body[:MAX_BODY], address=address, received_at=now, environment=payment.environment, payment=payment
    )
    process_callback(callback, payment, now=now, is_confirmed=is_confirmed)
    return callback


@sensitive_variables("secret")
def find_payment(secret: str) -> MpesaPayment | None:
    """Return the payment whose callback address has this secret. Compares in constant time after the indexed lookup."""
    if not secret or "\x00" in secret or len(secret) > 64:
        return None
    payment = MpesaPayment.objects.filter(secret=secret).select_related("mpesa_order").first()
    return payment if payment is not None and constant_time_compare(payment.secret, secret) else None


def process_callback(
    callback: MpesaCallback, payment: MpesaPayment, *, now: datetime, is_confirmed: bool = False
) -> None:
    """Apply a stored callback to its payment and record the verdict.

    Never raises: after an exception the verdict is *failed*, and ``reconcile`` retries the callback.
    """
    try:
        try:
            update = update_from_callback(parse_callback(bytes(callback.body)))
        except CallbackUnreadable as error:
            apply_update(payment, unreadable_update(), now=now)
            set_verdict(callback, Verdict.UNREADABLE, reason=error.fault.value, detail=error.field)
            return
        if _is_duplicate(payment, update):
            set_verdict(callback, Verdict.DUPLICATE)
            return
        update = _with_circumstances(update, callback, is_confirmed=is_confirmed)
        verdict = _apply(callback, payment, update, now)
        if verdict is Verdict.APPLIED and payment.unconfirmed_at is not None:
            process_unconfirmed(payment, now=now)  # those with the same code are duplicates now
    except Exception as error:
        logger.exception("M-PESA callback %s could not be processed; it is stored and will be retried", callback.pk)
        _mark_failed(callback, error, now)


@repeat_on_deadlock
def _apply(callback: MpesaCallback, payment: MpesaPayment, update: PaymentUpdate, now: datetime) -> Verdict:
    with durable_transaction():
        verdict, reason = apply_callback(payment, update, now=now)
        set_verdict(callback, verdict, reason=reason)
    return verdict


def _with_circumstances(update: PaymentUpdate, callback: MpesaCallback, *, is_confirmed: bool) -> PaymentUpdate:
    """Add to a success whether it came first and from where. Makes one query. An equal body is the same callback."""
    if not update.is_success:
        return update
    earlier = MpesaCallback.objects.filter(payment_id=callback.payment_id, pk__lt=callback.pk)
    earlier = earlier.exclude(body=bytes(callback.body))
    return replace(
        update,
        is_confirmed=is_confirmed,
        has_predecessor=earlier.exists(),
        received_at=callback.received_at,
        was_unconfirmed=callback.verdict == Verdict.UNCONFIRMED,
        is_from_elsewhere=is_from_elsewhere(callback.address),
    )


def process_unconfirmed(payment: MpesaPayment, *, now: datetime) -> None:
    """Process the unconfirmed callbacks of a payment again, after a fact arrived that they may have waited for.

    Must run outside a transaction.
    """
    waiting = MpesaCallback.objects.filter(payment=payment, verdict=Verdict.UNCONFIRMED)
    for pk in sorted(waiting.order_by("-pk").values_list("pk", flat=True)[:MAX_REPORTS]):
        process_callback(MpesaCallback.objects.get(pk=pk), payment, now=now)


def reprocess_callback(callback: MpesaCallback, *, by: Any, now: datetime) -> bool:
    """Process a *received* or *failed* callback again, whatever its tries; return False if it failed again.

    Needs ``act_on_payment``. Must run outside a transaction. The callback's money counts once, however often it is
    processed. Raises ``ReprocessingRefused`` and ``PermissionDenied``.
    """
    require_permission(by, "act_on_payment")
    if callback.verdict not in UNFINISHED or callback.payment is None:
        raise ReprocessingRefused(callback.pk)
    if is_being_processed(callback, now):
        raise BeingProcessed(callback.pk)
    audit.record(EventType.CALLBACK_REPROCESSED, callback.payment, now=now, by=by, callback=callback.pk)
    return retry_callback(callback, now=now)


def is_being_processed(callback: MpesaCallback, now: datetime) -> bool:
    """Return whether a callback came so recently that the request that brought it may still process it."""
    return callback.verdict == Verdict.RECEIVED and callback.received_at > now - FIRST_RETRY


def unprocessed_callbacks(now: datetime) -> QuerySet[MpesaCallback]:
    """Return callbacks to retry: those that failed, and those whose process died before it recorded a verdict."""
    is_retry_due = Q(next_try_at=None) | Q(next_try_at__lte=now)
    is_abandoned = Q(verdict=Verdict.RECEIVED, received_at__lte=now - FIRST_RETRY)
    return MpesaCallback.objects.filter(is_retry_due, is_abandoned | Q(verdict=Verdict.FAILED), tries__lt=MAX_TRIES)


def retry_callback(callback: MpesaCallback, *, now: datetime) -> bool:
    """Process an unfinished callback once more; return False if it failed again. Must run outside a transaction.

    Reserves the callback by compare-and-set on ``tries``. Returns True if another worker reserved it first.
    """
    assert callback.payment is not None  # nosec B101 # narrows the type
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
    """Mark the callback for another try, unless its verdict is committed: then a commit hook of the shop raised."""
    tries = max(callback.tries, 1)
    failure = {"verdict": Verdict.FAILED, "reason": CallbackReason.CRASHED, "detail": repr(error)[:500]}
    try:
        unfinished = MpesaCallback.objects.filter(pk=callback.pk, verdict__in=UNFINISHED)
        unfinished.update(tries=tries, next_try_at=_next_try(tries, now), **failure)
        callback.refresh_from_db()
    except DatabaseError:
        logger.exception("M-PESA callback %s keeps the verdict %s", callback.pk, callback.verdict)


def _is_duplicate(payment: MpesaPayment, update: PaymentUpdate) -> bool:
    """Return whether the update repeats the callback that paid the payment. Such a repeat needs no lock."""
    is_about_other = update.checkout_request_id != payment.checkout_request_id
    if is_about_other or not update.receipt_number or update.amount is None or not payment.is_paid:
        return False
    known = MpesaReceipt.objects.filter(environment=payment.environment, number=update.receipt_number)
    return known.filter(payment_id=payment.pk, amount=update.amount).exists()


def set_verdict(callback: MpesaCallback, verdict: Verdict, *, reason: str = "", detail: str = "") -> None:
    """Store the verdict on a callback, and why. A callback that another worker applied is no duplicate of itself."""
    row = MpesaCallback.objects.filter(pk=callback.pk)
    if verdict is Verdict.DUPLICATE:
        row = row.filter(verdict__in=(*UNFINISHED, Verdict.UNCONFIRMED))
    if row.update(verdict=verdict, reason=reason, detail=detail[:500]):
        callback.verdict, callback.reason, callback.detail = verdict, reason, detail[:500]
    else:
        callback.refresh_from_db(fields=["verdict", "reason", "detail"])


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
    named.filter(status=PaymentStatus.PROCESSING.value).update(next_query_at=now, callback_query_at=now)
