"""Take in what was posted: kept raw first, believed later."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import F, Q, QuerySet
from django.utils.crypto import constant_time_compare
from django.views.decorators.debug import sensitive_variables

from oscar_mpesa.conf import get_settings
from oscar_mpesa.daraja.stk_push import CallbackUnreadable, StkCallback, parse_callback
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
from oscar_mpesa.services.update_sources import unreadable_update, update_from_callback

logger = logging.getLogger("oscar_mpesa")

#: Bytes of a body that are kept, with the payment's secret and without it.
MAX_BODY, MAX_UNVERIFIED_BODY = 64 * 1024, 2 * 1024

#: Unverified rows a minute; beyond them posts are counted, not stored.
UNVERIFIED_A_MINUTE = 20

#: A callback that could not be worked through, or whose process died, is tried again after this; each further pause
#: is twice as long.
FIRST_RETRY = timedelta(minutes=1)

#: After so many tries it is given up and listed.
MAX_TRIES = 10

#: How long unverified posts are kept, and how many are deleted at once.
UNVERIFIED_RETENTION, DELETE_BATCH = timedelta(days=30), 1000


@sensitive_variables("secret", "body")
def receive_callback(body: bytes, *, secret: str, address: str | None, now: datetime) -> MpesaCallback | None:
    """Keep a callback's raw body in a committed row of its own, then work through it; must run outside a transaction.

    Only the payment's own secret makes it trusted; a post without it is kept as *unverified*, within a cap (beyond
    it None is returned), and moves the payment's next question to now at the most. Raises nothing but the
    database's own errors of the first row: then, and only then, it was not kept.
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
    """The payment of a secret from a callback's address; found by index, then compared in constant time."""
    if not secret or "\x00" in secret or len(secret) > 64:
        return None
    payment = MpesaPayment.objects.filter(secret=secret).select_related("mpesa_order").first()
    return payment if payment is not None and constant_time_compare(payment.secret, secret) else None


def process_callback(callback: MpesaCallback, payment: MpesaPayment, *, now: datetime) -> None:
    """Believe a kept callback and write down the verdict. Never raises: what crashes is *failed* and tried again."""
    try:
        _process(callback, payment, now)
    except Exception as error:
        logger.exception("M-Pesa callback %s could not be worked through; it is kept and tried again", callback.pk)
        _fail(callback, error, now)


def unprocessed_callbacks(now: datetime) -> QuerySet[MpesaCallback]:
    """Callbacks that are kept and not worked through: their process died, or something raised. Until given up."""
    waited = Q(next_try_at=None) | Q(next_try_at__lte=now)
    crashed = Q(verdict=Verdict.RECEIVED, received_at__lte=now - FIRST_RETRY)
    return MpesaCallback.objects.filter(waited, crashed | Q(verdict=Verdict.FAILED), tries__lt=MAX_TRIES)


def retry_callback(callback: MpesaCallback, *, now: datetime) -> bool:
    """Work through an unfinished callback once more; False if it failed again. Must run outside a transaction.

    Claimed by a compare-and-set on ``tries``; True too if somebody else has it.
    """
    assert callback.payment is not None
    unclaimed = MpesaCallback.objects.filter(pk=callback.pk, verdict=callback.verdict, tries=callback.tries)
    if not unclaimed.update(tries=F("tries") + 1, next_try_at=_next_try(callback.tries + 1, now)):
        return True
    callback.tries += 1
    process_callback(callback, callback.payment, now=now)
    return callback.verdict not in {Verdict.RECEIVED, Verdict.FAILED}


def delete_unverified(*, now: datetime) -> int:
    """Delete unverified posts that are older than 30 days, some at once; say how many."""
    old = MpesaCallback.objects.filter(verdict=Verdict.UNVERIFIED, received_at__lt=now - UNVERIFIED_RETENTION)
    some = list(old.order_by("pk").values_list("pk", flat=True)[:DELETE_BATCH])
    return MpesaCallback.objects.filter(pk__in=some).delete()[0] if some else 0


def _next_try(tries: int, now: datetime) -> datetime:
    return now + FIRST_RETRY * int(2 ** (tries - 1))


def _fail(callback: MpesaCallback, error: Exception, now: datetime) -> None:
    tries = max(callback.tries, 1)
    try:
        crash = {"reason": CallbackReason.CRASHED, "detail": repr(error)}
        _conclude(callback, Verdict.FAILED, tries=tries, next_try_at=_next_try(tries, now), **crash)
    except DatabaseError:
        logger.exception("M-Pesa callback %s keeps the verdict %s", callback.pk, callback.verdict)


def _process(callback: MpesaCallback, payment: MpesaPayment, now: datetime) -> None:
    try:
        told = parse_callback(bytes(callback.body))
    except CallbackUnreadable as error:
        apply_update(payment, unreadable_update(), now=now)
        _conclude(callback, Verdict.UNREADABLE, reason=CallbackReason(error.fault.value), detail=error.field)
    else:
        _apply(callback, payment, told, now)


def _apply(callback: MpesaCallback, payment: MpesaPayment, told: StkCallback, now: datetime) -> None:
    if _is_known(payment, told):
        _conclude(callback, Verdict.DUPLICATE)
        return
    with transaction.atomic(durable=True):
        _conclude(callback, apply_update(payment, update_from_callback(told), now=now))


def _is_known(payment: MpesaPayment, told: StkCallback) -> bool:
    """A repeat of what settled the payment needs no lock: Safaricom's number and amount of it stay as they are."""
    is_of_another_request = told.checkout_request_id != payment.checkout_request_id
    if is_of_another_request or not told.receipt_number or told.amount is None or not payment.is_paid:
        return False
    known = MpesaReceipt.objects.filter(environment=payment.environment, number=told.receipt_number)
    return known.filter(payment_id=payment.pk, amount=told.amount).exclude(source=ReceiptSource.STAFF).exists()


def _conclude(
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
        _count_only(newest[0])
        return None
    callback = MpesaCallback.objects.create(
        body=body[:MAX_UNVERIFIED_BODY],
        address=address,
        received_at=now,
        environment=get_settings().environment,
        verdict=Verdict.UNVERIFIED,
    )
    before = list(recent.filter(pk__lt=callback.pk).values_list("pk", flat=True)[:UNVERIFIED_A_MINUTE])
    if len(before) >= UNVERIFIED_A_MINUTE:  # others came at the same moment
        callback.delete()
        _count_only(before[0])
        return None
    _request_query(body, now)
    return callback


def _count_only(pk: int) -> None:
    MpesaCallback.objects.filter(pk=pk).update(suppressed=F("suppressed") + 1)


def _request_query(body: bytes, now: datetime) -> None:
    try:
        told = parse_callback(body[:MAX_BODY])
    except CallbackUnreadable:
        return
    if told.checkout_request_id:
        _query_now(told.checkout_request_id, now)


def _query_now(checkout_request_id: str, now: datetime) -> None:
    """Move a live payment's next question to now, once a minute; this makes no call by itself."""
    unnudged = Q(callback_query_at=None) | Q(callback_query_at__lt=now - timedelta(minutes=1))
    named = MpesaPayment.objects.filter(unnudged, checkout_request_id=checkout_request_id)
    named.filter(status=PaymentStatus.PROCESSING.value, on_hold=False).update(next_query_at=now, callback_query_at=now)


#: Verdicts that are not the last word.
UNFINISHED = (Verdict.RECEIVED, Verdict.FAILED)


class ReprocessingRefused(Exception):
    """It is left as it is; ``sentence`` tells a person why."""

    sentence = _("This callback has its verdict already.")


class BeingProcessed(ReprocessingRefused):
    """It came a moment ago, and whoever took it in is still at it."""

    sentence = _("This callback came a moment ago and is being worked through. Look again in a minute.")


def reprocess_callback(callback: MpesaCallback, *, by: Any, now: datetime) -> bool:
    """Work through a callback that was only received, or that failed; False if it failed again.

    Given-up ones too. Needs ``act_on_payment``; must run outside a transaction. What it says counts once, however
    often and by whomever it is worked through. Raises ``ProcessingRefused`` and ``PermissionDenied``.
    """
    require_permission(by, "act_on_payment")
    if callback.verdict not in UNFINISHED or callback.payment is None:
        raise ReprocessingRefused(callback.pk)
    if callback.verdict == Verdict.RECEIVED and callback.received_at > now - FIRST_RETRY:
        raise BeingProcessed(callback.pk)
    audit.record(EventType.CALLBACK_REPROCESSED, callback.payment, now=now, by=by, callback=callback.pk)
    return retry_callback(callback, now=now)
