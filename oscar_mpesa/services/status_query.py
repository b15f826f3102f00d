"""Query Safaricom for the result of a payment, within a budget, and expire payments without one."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from django.db.models import Count, F, QuerySet, Subquery
from django.db.models.functions import Coalesce

from oscar_mpesa.conf import PRODUCTION, SIMULATED
from oscar_mpesa.daraja.client import QUERY_LIMIT
from oscar_mpesa.daraja.exceptions import DarajaError
from oscar_mpesa.daraja.stk_query import StkQueryReply
from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.domain.result_codes import is_unknown, result_outcome
from oscar_mpesa.models import EventReason, EventType, MpesaApiCall, MpesaPayment
from oscar_mpesa.services import audit, callback_reports, confirmation, gateway, query_clock
from oscar_mpesa.services.authorization import require_permission
from oscar_mpesa.services.callbacks import process_unconfirmed, receive_callback
from oscar_mpesa.services.locks import require_no_transaction
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.reconnect import close_if_lost
from oscar_mpesa.services.update_sources import push_abandoned, push_expired, unknown_failure, update_from_query

logger = logging.getLogger("oscar_mpesa")

#: Queries per minute and short code, for all workers together. The sandbox allows 5; production's limit is unknown. The
#: simulator makes no calls.
QUERY_BUDGET = {PRODUCTION: 60, SIMULATED: 60}
SANDBOX_QUERY_BUDGET = 4

#: A payment that has ended is queried only if less than this share of the minute's budget is used. The rest is for live
#: payments. A reported success, which somebody may have paid, gets more.
SHARE_OF_ENDED, SHARE_OF_CONFIRMATIONS = 0.5, 0.8

#: One order gets no more than this share of a minute's budget for its payments that have ended (at least one query), so
#: that an order with many payments leaves room for others. Reported successes are not counted by order.
SHARE_OF_ORDER = 0.1

#: This long after the push, *no result* means that the order may close. Queries go on.
NO_RESULT_AFTER = timedelta(minutes=10)


class QueryResult(str, Enum):
    """The result of a query.

    ``no_result`` means that Safaricom had no result ten minutes after the push. ``nothing`` means no query, no answer,
    or a code that is not in the table.
    """

    PAID = "paid"
    NOT_PAID = "not_paid"
    WAIT = "wait"
    NO_RESULT = "no_result"
    NOTHING = "nothing"

    @property
    def is_answer(self) -> bool:
        """Return whether Safaricom said that the payment is paid, is not paid, or has no result after ten minutes."""
        return self in {QueryResult.PAID, QueryResult.NOT_PAID, QueryResult.NO_RESULT}


def refresh_payment(payment: MpesaPayment, *, now: datetime, limit: float = gateway.POLL_LIMIT) -> bool:
    """Do what is due for a payment: fail it if its push was never sent, query it, or expire it.

    The payment page and ``reconcile`` call this. Queries only when the next query is due, and waits ``limit`` seconds
    for Safaricom. Expires the payment whatever a query raises. Must run outside a transaction. Returns True if the
    payment may have changed; reload it then. ``payment.status`` is up to date.
    """
    if payment.is_unsent_too_long(now):
        apply_update(payment, push_abandoned(), now=now)
        return True
    if payment.status == PaymentStatus.PENDING.value:
        return False
    is_time = payment.next_query_at is not None and payment.next_query_at <= now
    is_due = is_time or (payment.is_live and gateway.is_query_free(payment))
    result = query_or_log(payment, now, limit) if is_due else QueryResult.NOTHING
    if payment.is_unanswered_too_long(now):
        apply_update(payment, push_expired(), now=now)
        return True
    return result in {QueryResult.PAID, QueryResult.NOT_PAID}


def query_or_log(payment: MpesaPayment, now: datetime, limit: float = QUERY_LIMIT) -> QueryResult:
    """Query a payment. Whatever that raises is logged and counts as no answer."""
    try:
        return query_status(payment, now=now, limit=limit)
    except Exception:
        logger.exception("M-PESA payment %s: the status check failed", payment.pk)
        close_if_lost()  # what follows the query needs the database
        return QueryResult.NOTHING


def query_status(payment: MpesaPayment, *, now: datetime, by: Any = None, limit: float = QUERY_LIMIT) -> QueryResult:
    """Query Safaricom about a payment, apply the answer, and return the result.

    Payments that have ended can be queried too, for late money. Waits ``limit`` seconds for Safaricom. Must run outside
    a transaction. Reserves the query by compare-and-set on ``query_count``, so that two workers make one call, and only
    within this minute's budget. ``by`` is the person who requested the query; an event records the name.

    Raises ``PermissionDenied`` if ``by`` lacks ``oscar_mpesa.act_on_payment``.
    """
    require_no_transaction()
    if by is not None:
        require_permission(by, "act_on_payment")
    if payment.is_paid and payment.next_query_at is None:
        return QueryResult.PAID
    checkout_id = payment.checkout_request_id or callback_reports.reported_checkout_id(payment)
    if checkout_id is None:
        return QueryResult.NOTHING if by is not None else _skip_query(payment, now)
    return _query(payment, checkout_id, now, by=by, limit=limit)


def _query(payment: MpesaPayment, checkout_id: str, now: datetime, *, by: Any, limit: float) -> QueryResult:
    if not _reserve_query(payment, now, limit):
        return QueryResult.NOTHING
    if by is not None:
        audit.record(EventType.QUERY_REQUESTED, payment, now=now, by=by)
    try:
        reply = gateway.query_status(payment, checkout_id, now=now, limit=limit)
    except DarajaError as error:
        audit.record(EventType.QUERY_UNANSWERED, payment, now=now, error_kind=error.kind)
        return QueryResult.NOTHING
    if isinstance(reply, bytes):
        return _apply_callback_body(payment, reply, now)
    return _apply_reply(payment, reply, checkout_id, now)


def query_within(
    seconds: float, payments: Iterable[MpesaPayment], *, now: datetime
) -> Iterator[tuple[MpesaPayment, QueryResult]]:
    """Query payments one by one, within these seconds together; yield each with its result.

    What a query raises is logged and counts as no answer, because somebody waits for all of them.
    """
    deadline = time.monotonic() + seconds
    for payment in payments:
        left = deadline - time.monotonic()
        yield payment, query_or_log(payment, now, left) if left > 0 else QueryResult.NOTHING


def _skip_query(payment: MpesaPayment, now: datetime) -> QueryResult:
    """Move the clock of a payment that can't be queried, because the reply with its checkout id was lost."""
    if not payment.is_live:
        next_query_at = query_clock.next_late_query(payment, now)
        unchanged = MpesaPayment.objects.filter(pk=payment.pk, next_query_at=payment.next_query_at)
        unchanged.update(next_query_at=next_query_at)  # a report may have arrived meanwhile
    return QueryResult.NOTHING


def _apply_callback_body(payment: MpesaPayment, body: bytes, now: datetime) -> QueryResult:
    """Process the callback that the simulator answers with, and return the payment's result."""
    receive_callback(body, secret=payment.secret, address=None, now=now, is_confirmed=True)
    payment.refresh_from_db()
    process_unconfirmed(payment, now=now)
    if payment.is_paid:
        return QueryResult.PAID
    return _not_paid(payment, QueryResult.NOT_PAID, now) if payment.is_final else QueryResult.NOTHING


def _apply_reply(payment: MpesaPayment, reply: StkQueryReply | None, checkout_id: str, now: datetime) -> QueryResult:
    status, was_live = result_outcome(reply.result_code if reply else None).status, payment.is_live
    if reply is not None and status is PaymentStatus.COMPLETED:
        confirmation.apply_paid_reply(payment, reply, checkout_id=checkout_id, now=now)
        payment.refresh_from_db()
        return QueryResult.PAID
    if reply is not None and status is not None:
        apply_update(payment, update_from_query(reply), now=now)
        return QueryResult.NOT_PAID if was_live else _not_paid(payment, QueryResult.NOT_PAID, now)
    if reply is not None and is_unknown(reply.result_code):
        return _apply_unknown(payment, reply, now)
    is_over = payment.push_sent_at is not None and now >= payment.push_sent_at + NO_RESULT_AFTER
    return _not_paid(payment, QueryResult.NO_RESULT, now) if is_over else QueryResult.WAIT


def _apply_unknown(payment: MpesaPayment, reply: StkQueryReply, now: datetime) -> QueryResult:
    """Keep waiting, unless a callback named the same unknown code. Then it is a failure."""
    if reply.result_code in callback_reports.reported_result_codes(payment):
        apply_update(payment, unknown_failure(reply), now=now)
        return _not_paid(payment, QueryResult.NOT_PAID, now)
    reason, code = EventReason.UNKNOWN_CODE, reply.result_code
    audit.record(EventType.QUERY_UNANSWERED, payment, now=now, reason=reason, code=code)
    return QueryResult.NOTHING


def _not_paid(payment: MpesaPayment, result: QueryResult, now: datetime) -> QueryResult:
    """Store when Safaricom last said that a payment that has ended is not paid."""
    MpesaPayment.objects.filter(pk=payment.pk).update(not_paid_at=now)
    payment.not_paid_at = now
    return result


def _reserve_query(payment: MpesaPayment, now: datetime, limit: float) -> bool:
    if payment.is_live and gateway.is_query_free(payment):
        return True
    if gateway.is_query_paused(payment, now=now, limit=limit):
        return False
    if _has_order_used_its_share(payment, now):
        return False
    next_query_at = (query_clock.next_live_query if payment.is_live else query_clock.next_late_query)(payment, now)
    unreserved = MpesaPayment.objects.filter(
        pk=payment.pk, query_count=payment.query_count, next_query_at=payment.next_query_at
    )
    calls = _queries_in_last_minute(payment, now).order_by().values("shortcode").values(count=Count("pk"))
    within_budget = unreserved.alias(queries=Coalesce(Subquery(calls), 0)).filter(queries__lt=_budget_for(payment))
    return bool(within_budget.update(query_count=F("query_count") + 1, next_query_at=next_query_at))


def _budget_for(payment: MpesaPayment) -> int:
    """Return how many queries a minute may have had before this one. Live payments, then reported money, come first."""
    budget = QUERY_BUDGET.get(payment.environment, SANDBOX_QUERY_BUDGET)
    if payment.is_live:
        return budget
    share = SHARE_OF_CONFIRMATIONS if payment.unconfirmed_at is not None else SHARE_OF_ENDED
    return int(budget * share)


def order_budget(environment: str) -> int:
    """Return how many queries a minute one order gets for its payments that have ended."""
    return max(1, int(QUERY_BUDGET.get(environment, SANDBOX_QUERY_BUDGET) * SHARE_OF_ORDER))


def _has_order_used_its_share(payment: MpesaPayment, now: datetime) -> bool:
    """Return whether the order of a payment that has ended must wait. Costs a query, and none for other payments."""
    if payment.is_live or payment.unconfirmed_at is not None:
        return False
    of_order = _queries_in_last_minute(payment, now).filter(payment__mpesa_order=payment.mpesa_order_id)
    return of_order.filter(payment__ended_at__lte=F("created_at")).count() >= order_budget(payment.environment)


def _queries_in_last_minute(payment: MpesaPayment, now: datetime) -> QuerySet[MpesaApiCall]:
    """Return all workers' queries for the short code."""
    return MpesaApiCall.objects.filter(
        shortcode=payment.shortcode, endpoint="query", created_at__gt=now - timedelta(minutes=1)
    )
