"""Query Safaricom for the result of a payment, within a budget, and expire payments without one."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from django.db.models import Count, F, Subquery
from django.db.models.functions import Coalesce

from oscar_mpesa.conf import PRODUCTION
from oscar_mpesa.daraja.exceptions import DarajaError
from oscar_mpesa.daraja.stk_query import StkQueryReply
from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.domain.result_codes import query_outcome
from oscar_mpesa.models import EventReason, EventType, MpesaApiCall, MpesaPayment
from oscar_mpesa.models.payments import PROMPT_LIFETIME
from oscar_mpesa.services import audit, gateway
from oscar_mpesa.services.authorization import require_permission
from oscar_mpesa.services.callbacks import receive_callback
from oscar_mpesa.services.locks import require_no_transaction
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.update_sources import push_abandoned, push_expired, update_from_query

#: Seconds to wait after each query; the last value repeats.
QUERY_INTERVALS = (15, 20, 30, 45, 60)

#: Queries per minute and short code, for all workers together. The sandbox allows 5; production's limit is unknown.
QUERY_BUDGET = {PRODUCTION: 60}
SANDBOX_QUERY_BUDGET = 4

#: Codes that mean *no result yet*. After the prompt's lifetime they mean that it was not paid.
NO_RESULT_CODES = (None, "4999")


class QueryRefused(Exception):
    """The payment is on hold: staff decide about it, not Safaricom."""


class QueryResult(str, Enum):
    """The result of a query. ``nothing`` means no query, no answer, or a code that is not in the table."""

    PAID = "paid"
    NOT_PAID = "not_paid"
    WAIT = "wait"
    NOTHING = "nothing"


def refresh_payment(payment: MpesaPayment, *, now: datetime) -> bool:
    """Do what is due for a payment: fail it if its push was never sent, query it, or expire it.

    The payment page and ``reconcile`` call this. Queries only when the next query is due. Must run outside a
    transaction. Returns True if the payment may have changed; reload it then. ``payment.status`` is up to date.
    """
    if payment.is_unsent_too_long(now):
        apply_update(payment, push_abandoned(), now=now)
        return True
    if payment.status != PaymentStatus.PROCESSING.value or payment.on_hold:
        return False
    is_time = payment.next_query_at is not None and payment.next_query_at <= now
    is_due = gateway.is_query_free(payment) or is_time
    result = query_status(payment, now=now) if is_due else QueryResult.NOTHING
    if payment.is_unanswered_too_long(now):
        apply_update(payment, push_expired(), now=now)
        return True
    return result in {QueryResult.PAID, QueryResult.NOT_PAID}


def query_status(payment: MpesaPayment, *, now: datetime, by: Any = None) -> QueryResult:
    """Query Safaricom about a payment, apply the answer, and return the result.

    Payments that have ended can be queried too, for late money. Must run outside a transaction. Reserves the query by
    compare-and-set on ``query_count``, so that two workers make one call, and only within this minute's budget. ``by``
    is the person who requested the query; an event records the name.

    Raises ``QueryRefused`` if the payment is on hold, and ``PermissionDenied`` if ``by`` lacks
    ``oscar_mpesa.act_on_payment``.
    """
    require_no_transaction()
    if by is not None:
        require_permission(by, "act_on_payment")
    if payment.on_hold:
        raise QueryRefused(payment.pk)
    if payment.is_paid:
        return QueryResult.PAID
    if payment.checkout_request_id is None or not _reserve_query(payment, now):
        return QueryResult.NOTHING
    if by is not None:
        audit.record(EventType.QUERY_REQUESTED, payment, now=now, by=by)
    try:
        reply = gateway.query_status(payment, now=now)
    except DarajaError as error:
        audit.record(EventType.QUERY_UNANSWERED, payment, now=now, error_kind=error.kind)
        return QueryResult.NOTHING
    if isinstance(reply, bytes):
        return _apply_callback_body(payment, reply, now)
    return _apply_reply(payment, reply, now)


def _apply_callback_body(payment: MpesaPayment, body: bytes, now: datetime) -> QueryResult:
    """Process the callback that the simulator answers with, and return the payment's result."""
    receive_callback(body, secret=payment.secret, address=None, now=now)
    payment.refresh_from_db()
    return QueryResult.PAID if payment.is_paid else QueryResult.NOT_PAID if payment.is_final else QueryResult.NOTHING


def _apply_reply(payment: MpesaPayment, reply: StkQueryReply | None, now: datetime) -> QueryResult:
    outcome = query_outcome(reply.result_code if reply else None)
    if reply is not None and outcome.status is not None:
        apply_update(payment, update_from_query(reply), now=now)
        return QueryResult.PAID if outcome.status is PaymentStatus.COMPLETED else QueryResult.NOT_PAID
    if reply is not None and reply.result_code not in NO_RESULT_CODES:
        reason, code = EventReason.UNKNOWN_CODE, reply.result_code
        audit.record(EventType.QUERY_UNANSWERED, payment, now=now, reason=reason, code=code)
        return QueryResult.NOTHING
    is_over = payment.push_sent_at is not None and now >= payment.push_sent_at + PROMPT_LIFETIME
    return QueryResult.NOT_PAID if is_over else QueryResult.WAIT


def _reserve_query(payment: MpesaPayment, now: datetime) -> bool:
    if gateway.is_query_free(payment):
        return True
    pause = QUERY_INTERVALS[min(payment.query_count, len(QUERY_INTERVALS) - 1)]
    budget = QUERY_BUDGET.get(payment.environment, SANDBOX_QUERY_BUDGET)
    unreserved = MpesaPayment.objects.filter(pk=payment.pk, query_count=payment.query_count)
    is_processing = payment.status == PaymentStatus.PROCESSING.value
    schedule = {"next_query_at": now + timedelta(seconds=pause)} if is_processing else {}
    within_budget = unreserved.alias(queries=_queries_in_last_minute(payment, now)).filter(queries__lt=budget)
    return bool(within_budget.update(query_count=F("query_count") + 1, **schedule))


def _queries_in_last_minute(payment: MpesaPayment, now: datetime) -> Any:
    """Return a subquery that counts all workers' queries for the short code."""
    calls = MpesaApiCall.objects.filter(
        shortcode=payment.shortcode, endpoint="query", created_at__gt=now - timedelta(minutes=1)
    )
    return Coalesce(Subquery(calls.order_by().values("shortcode").values(count=Count("pk"))), 0)
