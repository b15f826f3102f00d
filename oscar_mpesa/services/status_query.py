"""Ask Safaricom what became of a prompt, throttled; and end it when its clock runs out."""

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

#: The pause after each question, in seconds; the last one again and again.
QUERY_INTERVALS = (15, 20, 30, 45, 60)

#: Queries a minute and short code, all workers together: 5 is the sandbox's limit, production's is not published.
QUERY_BUDGET = {PRODUCTION: 60}
SANDBOX_QUERY_BUDGET = 4

#: What Safaricom says while it has no result; long after the prompt it means that there will be none.
NO_RESULT_CODES = (None, "4999")


class QueryRefused(Exception):
    """The payment is held for a person's decision; Safaricom's answer could not end that."""


class QueryResult(str, Enum):
    """What was learned by asking. ``nothing``: not asked, no answer, or a code that is not in the table."""

    PAID = "paid"
    NOT_PAID = "not_paid"
    WAIT = "wait"
    NOTHING = "nothing"


def refresh_payment(payment: MpesaPayment, *, now: datetime) -> bool:
    """Do what a payment's prompt clock says is due: fail what was never sent, ask, expire. Outside a transaction.

    Called by the waiting page's poll and by reconcile; asks at most when the next question is due. True if the
    payment may have changed and should be read again; its status is the new one already.
    """
    if payment.is_unsent_too_long(now):
        apply_update(payment, push_abandoned(), now=now)
        return True
    if payment.status != PaymentStatus.PROCESSING.value or payment.on_hold:
        return False
    is_due = gateway.is_query_free(payment) or _is_due(payment, now)
    said = query_status(payment, now=now) if is_due else QueryResult.NOTHING
    if payment.is_unanswered_too_long(now):
        apply_update(payment, push_expired(), now=now)
        return True
    return said in {QueryResult.PAID, QueryResult.NOT_PAID}


def query_status(payment: MpesaPayment, *, now: datetime, by: Any = None) -> QueryResult:
    """Ask Safaricom about one payment, settle what it answers, and say what was learned.

    Lawful for ended payments too (late money). Must run outside a transaction: the question is claimed by a
    compare-and-set on ``query_count``, so that two pollers make one call, if this minute's budget has room for
    it. ``by`` is the person who wanted to know; an event keeps the name where Safaricom was asked. Raises
    ``AskRefused`` on a held one, and ``PermissionDenied`` for a person without ``oscar_mpesa.act_on_payment``.
    """
    require_no_transaction()
    if by is not None:
        require_permission(by, "act_on_payment")
    if payment.on_hold:
        raise QueryRefused(payment.pk)
    if payment.is_paid:
        return QueryResult.PAID
    if payment.checkout_request_id is None:
        return QueryResult.NOTHING
    if not gateway.is_query_free(payment) and not _reserve_query(payment, now):
        return QueryResult.NOTHING
    if by is not None:
        audit.record(EventType.QUERY_REQUESTED, payment, now=now, by=by)
    try:
        answer = gateway.query_status(payment, now=now)
    except DarajaError as error:
        audit.record(EventType.QUERY_UNANSWERED, payment, now=now, error_kind=error.kind)
        return QueryResult.NOTHING
    return (
        _apply_callback_body(payment, answer, now) if isinstance(answer, bytes) else _apply_reply(payment, answer, now)
    )


def _apply_callback_body(payment: MpesaPayment, body: bytes, now: datetime) -> QueryResult:
    """The simulator posts as Safaricom does; what became of the payment stands in its row."""
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


def _is_due(payment: MpesaPayment, now: datetime) -> bool:
    return payment.next_query_at is not None and payment.next_query_at <= now


def _reserve_query(payment: MpesaPayment, now: datetime) -> bool:
    pause = QUERY_INTERVALS[min(payment.query_count, len(QUERY_INTERVALS) - 1)]
    budget = QUERY_BUDGET.get(payment.environment, SANDBOX_QUERY_BUDGET)
    unasked = MpesaPayment.objects.filter(pk=payment.pk, query_count=payment.query_count)
    live = payment.status == PaymentStatus.PROCESSING.value
    claim = {"next_query_at": now + timedelta(seconds=pause)} if live else {}
    affordable = unasked.alias(asked=_queries_in_last_minute(payment, now)).filter(asked__lt=budget)
    return bool(affordable.update(query_count=F("query_count") + 1, **claim))


def _queries_in_last_minute(payment: MpesaPayment, now: datetime) -> Any:
    """Calls about the short code, by whichever worker; a subquery."""
    calls = MpesaApiCall.objects.filter(
        shortcode=payment.shortcode, endpoint="query", created_at__gt=now - timedelta(minutes=1)
    )
    return Coalesce(Subquery(calls.order_by().values("shortcode").values(count=Count("pk"))), 0)
