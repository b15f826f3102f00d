"""Ask Safaricom what became of a prompt, throttled; and end it when its clock runs out."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from django.db.models import Count, F, Subquery
from django.db.models.functions import Coalesce

from oscar_mpesa.conf import PRODUCTION
from oscar_mpesa.daraja.errors import DarajaError
from oscar_mpesa.daraja.messages import QueryReply
from oscar_mpesa.domain.outcomes import of_query
from oscar_mpesa.domain.status import Status
from oscar_mpesa.lifecycle import audit, gateway
from oscar_mpesa.lifecycle.callbacks import receive_callback
from oscar_mpesa.lifecycle.locks import require_no_transaction
from oscar_mpesa.lifecycle.news import from_query, never_claimed, unanswered
from oscar_mpesa.lifecycle.settling import settle
from oscar_mpesa.lifecycle.staff import require_permission
from oscar_mpesa.models import EventReason, EventType, MpesaCall, MpesaPayment
from oscar_mpesa.models.payments import PROMPT_LIFE

#: The pause after each question, in seconds; the last one again and again.
PAUSES = (15, 20, 30, 45, 60)

#: Queries a minute and short code, all workers together: 5 is the sandbox's limit, production's is not published.
BUDGET = {PRODUCTION: 60}
SMALL_BUDGET = 4

#: What Safaricom says while it has no result; long after the prompt it means that there will be none.
NO_RESULT = (None, "4999")


class AskRefused(Exception):
    """The payment is held for a person's decision; Safaricom's answer could not end that."""


class Said(str, Enum):
    """What was learned by asking. ``nothing``: not asked, no answer, or a code that is not in the table."""

    PAID = "paid"
    NOT_PAID = "not_paid"
    WAIT = "wait"
    NOTHING = "nothing"


def attend(payment: MpesaPayment, *, now: datetime) -> bool:
    """Do what a payment's prompt clock says is due: fail what was never sent, ask, expire. Outside a transaction.

    Called by the waiting page's poll and by reconcile; asks at most when the next question is due. True if the
    payment may have changed and should be read again; its status is the new one already.
    """
    if payment.is_unsent_too_long(now):
        settle(payment, never_claimed(), now=now)
        return True
    if payment.status != Status.PROCESSING.value or payment.held:
        return False
    is_due = gateway.is_free(payment) or _is_due(payment, now)
    said = ask(payment, now=now) if is_due else Said.NOTHING
    if payment.is_unanswered_too_long(now):
        settle(payment, unanswered(), now=now)
        return True
    return said in {Said.PAID, Said.NOT_PAID}


def ask(payment: MpesaPayment, *, now: datetime, by: Any = None) -> Said:
    """Ask Safaricom about one payment, settle what it answers, and say what was learned.

    Lawful for ended payments too (late money). Must run outside a transaction: the question is claimed by a
    compare-and-set on ``questions_asked``, so that two pollers make one call, if this minute's budget has room for
    it. ``by`` is the person who wanted to know; an event keeps the name where Safaricom was asked. Raises
    ``AskRefused`` on a held one, and ``PermissionDenied`` for a person without ``oscar_mpesa.act_on_payment``.
    """
    require_no_transaction()
    if by is not None:
        require_permission(by, "act_on_payment")
    if payment.held:
        raise AskRefused(payment.pk)
    if payment.is_paid:
        return Said.PAID
    if payment.checkout_request_id is None:
        return Said.NOTHING
    if not gateway.is_free(payment) and not _claim(payment, now):
        return Said.NOTHING
    if by is not None:
        audit.record(EventType.QUERY_REQUESTED, payment, now=now, by=by)
    try:
        answer = gateway.ask(payment, now=now)
    except DarajaError as error:
        audit.record(EventType.QUERY_UNANSWERED, payment, now=now, error_kind=error.kind)
        return Said.NOTHING
    return _take_body(payment, answer, now) if isinstance(answer, bytes) else _take_reply(payment, answer, now)


def _take_body(payment: MpesaPayment, body: bytes, now: datetime) -> Said:
    """The simulator posts as Safaricom does; what became of the payment stands in its row."""
    receive_callback(body, secret=payment.secret, address=None, now=now)
    payment.refresh_from_db()
    return Said.PAID if payment.is_paid else Said.NOT_PAID if payment.is_final else Said.NOTHING


def _take_reply(payment: MpesaPayment, reply: QueryReply | None, now: datetime) -> Said:
    outcome = of_query(reply.result_code if reply else None)
    if reply is not None and outcome.status is not None:
        settle(payment, from_query(reply), now=now)
        return Said.PAID if outcome.status is Status.COMPLETED else Said.NOT_PAID
    if reply is not None and reply.result_code not in NO_RESULT:
        reason, code = EventReason.UNKNOWN_CODE, reply.result_code
        audit.record(EventType.QUERY_UNANSWERED, payment, now=now, reason=reason, code=code)
        return Said.NOTHING
    is_over = payment.prompted_at is not None and now >= payment.prompted_at + PROMPT_LIFE
    return Said.NOT_PAID if is_over else Said.WAIT


def _is_due(payment: MpesaPayment, now: datetime) -> bool:
    return payment.next_question_at is not None and payment.next_question_at <= now


def _claim(payment: MpesaPayment, now: datetime) -> bool:
    pause = PAUSES[min(payment.questions_asked, len(PAUSES) - 1)]
    budget = BUDGET.get(payment.environment, SMALL_BUDGET)
    unasked = MpesaPayment.objects.filter(pk=payment.pk, questions_asked=payment.questions_asked)
    live = payment.status == Status.PROCESSING.value
    claim = {"next_question_at": now + timedelta(seconds=pause)} if live else {}
    affordable = unasked.alias(asked=_asked_within_a_minute(payment, now)).filter(asked__lt=budget)
    return bool(affordable.update(questions_asked=F("questions_asked") + 1, **claim))


def _asked_within_a_minute(payment: MpesaPayment, now: datetime) -> Any:
    """Calls about the short code, by whichever worker; a subquery."""
    calls = MpesaCall.objects.filter(
        shortcode=payment.shortcode, endpoint="query", created_at__gt=now - timedelta(minutes=1)
    )
    return Coalesce(Subquery(calls.order_by().values("shortcode").values(count=Count("pk"))), 0)
