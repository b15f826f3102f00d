"""The one door through which a payment becomes paid or failed, whoever says so."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.db import transaction

from oscar_mpesa.domain import outcomes
from oscar_mpesa.domain.status import Status, is_legal, require
from oscar_mpesa.lifecycle import audit, due, money
from oscar_mpesa.lifecycle.locks import lock_payment
from oscar_mpesa.lifecycle.news import News
from oscar_mpesa.models import EventReason, EventType, MpesaOrder, MpesaPayment, UpdateSource, Verdict

logger = logging.getLogger("oscar_mpesa")


def settle(payment: MpesaPayment, news: News, *, now: datetime) -> Verdict:
    """Believe news of a payment as far as it can be believed, once, whoever brings it.

    Locks the order, then the payment. News that is no legal step changes nothing and never raises: it is kept as
    an event. A success keeps its receipt, writes the shop's books in a savepoint, and leaves what is due to be sent
    after the commit. Says what became of the news; the payment that was handed in learns its new status.
    """
    with transaction.atomic(savepoint=False):
        _, locked = lock_payment(payment)
        verdict = _weigh(locked, news, now)
    payment.status = locked.status
    return verdict


def _weigh(payment: MpesaPayment, news: News, now: datetime) -> Verdict:
    if not _is_about(payment, news):
        return _ask_instead(payment, news, now, Verdict.UNMATCHED, EventReason.OTHER_PAYMENT)
    _fill_in_ids(payment, news)
    if news.status is None or news.is_incomplete_success:
        return _ask_instead(payment, news, now, Verdict.NO_CHANGE, EventReason.NOT_FINAL)
    if payment.held and news.source is not UpdateSource.CALLBACK:
        return _ignore(payment, news, now, reason=EventReason.ON_HOLD)
    if news.is_success:
        return _succeed(payment, news, now)
    return _fail(payment, news, now)


def _is_about(payment: MpesaPayment, news: News) -> bool:
    told = news.checkout_request_id
    if not told or told == payment.checkout_request_id:
        return True
    taken = MpesaPayment.objects.filter(checkout_request_id=told).exists()
    return payment.checkout_request_id is None and not taken


def _fill_in_ids(payment: MpesaPayment, news: News) -> None:
    if payment.checkout_request_id is None and news.checkout_request_id:
        payment.checkout_request_id = news.checkout_request_id
        payment.merchant_request_id = news.merchant_request_id
        payment.save(update_fields=["checkout_request_id", "merchant_request_id"])


def _ask_instead(payment: MpesaPayment, news: News, now: datetime, verdict: Verdict, reason: EventReason) -> Verdict:
    if news.source is UpdateSource.CALLBACK and not payment.held and not payment.is_paid:
        _ask_soon(payment, now)
    audit.record(EventType.UPDATE_NOT_VERIFIED, payment, now=now, reason=reason, source=news.source)
    return verdict


def _ask_soon(payment: MpesaPayment, now: datetime) -> None:
    """Reconcile asks: about a live payment by its own clock, about one that ended by its order's."""
    if payment.is_live:
        payment.next_question_at = now
    else:
        payment.denied_at = None
        MpesaOrder.objects.filter(pk=payment.mpesa_order_id).update(release_at=now)
    payment.save(update_fields=["next_question_at", "denied_at"])


def _ignore(payment: MpesaPayment, news: News, now: datetime, *, reason: EventReason) -> Verdict:
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


def _succeed(payment: MpesaPayment, news: News, now: datetime) -> Verdict:
    """M5 to M8: keep the money's receipt, then complete the payment by it."""
    verdict = money.take(payment, news, now)
    if verdict is Verdict.MISMATCH:
        payment.held = not payment.is_paid
        payment.save(update_fields=["held"])
    agrees = news.amount is None or news.amount == payment.amount
    if payment.is_paid or not agrees or verdict not in {Verdict.APPLIED, Verdict.DUPLICATE}:
        return verdict
    _end(payment, Status.COMPLETED, news, now)
    return Verdict.APPLIED


def _fail(payment: MpesaPayment, news: News, now: datetime) -> Verdict:
    status = news.status
    assert status is not None
    if payment.held:
        return _ignore(payment, news, now, reason=EventReason.ON_HOLD)
    if news.says_never_claimed and payment.prompted_at is not None:
        return _ignore(payment, news, now, reason=EventReason.SENT_MEANWHILE)
    if not is_legal(Status(payment.status), status):
        if news.code and news.code == payment.result_code:
            return Verdict.DUPLICATE
        return _ignore(payment, news, now, reason=EventReason.ALREADY_FINAL)
    _end(payment, status, news, now)
    due.owe(payment, *due.OWED_WITH_FAILURE, now=now)
    return Verdict.APPLIED


def decide(payment: MpesaPayment, status: Status, *, by: Any, now: datetime) -> None:
    """End a locked payment as a person decided about its money: *completed*, or *failed* where it was held.

    Raises ``IllegalStep`` for a step that is not in the table.
    """
    require(Status(payment.status), status)
    code = outcomes.RESULTS["0"].code if status is Status.COMPLETED else ""
    _end(payment, status, News(source=UpdateSource.STAFF, status=status, code=code), now, by=by)
    if status is not Status.COMPLETED:
        due.owe(payment, *due.OWED_WITH_FAILURE, now=now)


def _end(payment: MpesaPayment, status: Status, news: News, now: datetime, *, by: Any = None) -> None:
    before = payment.status
    payment.status = status.value
    payment.result_code, payment.result_description = news.code, news.description
    payment.live_order = payment.next_question_at = None
    payment.ended_at, payment.held = now, False
    if status is Status.COMPLETED:
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
