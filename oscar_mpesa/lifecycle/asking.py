"""Ask Safaricom what became of a prompt, throttled; and end it when its clock runs out."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F

from oscar_mpesa.conf import PRODUCTION
from oscar_mpesa.daraja.errors import DarajaError
from oscar_mpesa.domain.status import Status
from oscar_mpesa.lifecycle import audit, gateway
from oscar_mpesa.lifecycle.callbacks import receive_callback
from oscar_mpesa.lifecycle.locks import require_no_transaction
from oscar_mpesa.lifecycle.news import from_query, never_claimed, unanswered
from oscar_mpesa.lifecycle.settling import settle
from oscar_mpesa.models import MpesaCall, MpesaPayment

#: The pause after each question, in seconds; the last one again and again.
PAUSES = (15, 20, 30, 45, 60)

#: Queries a minute and short code, all workers together: 5 is the sandbox's limit, production's is not published.
BUDGET = {PRODUCTION: 60}
SMALL_BUDGET = 4


class AskRefused(Exception):
    """The payment is held for a person's decision; Safaricom's answer could not end that."""


def attend(payment: MpesaPayment, *, now: datetime) -> bool:
    """Do what a payment's prompt clock says is due: fail what was never sent, ask, expire. Outside a transaction.

    Called by the waiting page's poll and by reconcile; asks at most when the next question is due. True if the
    payment may have changed and should be read again.
    """
    if payment.is_unsent_too_long(now):
        settle(payment, never_claimed(), now=now)
        return True
    if payment.status != Status.PROCESSING.value or payment.held:
        return False
    asked = (gateway.is_free(payment) or _is_due(payment, now)) and ask(payment, now=now)
    if asked:
        payment.refresh_from_db()
    if payment.is_unanswered_too_long(now):
        settle(payment, unanswered(), now=now)
        return True
    return asked


def ask(payment: MpesaPayment, *, now: datetime) -> bool:
    """Ask Safaricom about one payment and settle what it answers; False if nothing was asked or nothing answered.

    Lawful for ended payments too (late money). Must run outside a transaction: the question is claimed by a
    compare-and-set on ``next_question_at``, so that two pollers make one call. Raises ``AskRefused`` on a held one.
    """
    require_no_transaction()
    if payment.held:
        raise AskRefused(payment.pk)
    if payment.is_paid or payment.checkout_request_id is None:
        return False
    if not gateway.is_free(payment) and not (_has_budget(payment, now) and _claim(payment, now)):
        return False
    try:
        answer = gateway.ask(payment, now=now)
    except DarajaError as error:
        audit.record("question unanswered", payment, now=now, why=str(error))
        return False
    if isinstance(answer, bytes):
        receive_callback(answer, secret=payment.secret, address=None, now=now)
    elif answer is not None:
        settle(payment, from_query(answer), now=now)
    return answer is not None


def _is_due(payment: MpesaPayment, now: datetime) -> bool:
    return payment.next_question_at is not None and payment.next_question_at <= now


def _has_budget(payment: MpesaPayment, now: datetime) -> bool:
    recent = MpesaCall.objects.filter(
        shortcode=payment.shortcode, endpoint="query", created_at__gt=now - timedelta(minutes=1)
    )
    return recent.count() < BUDGET.get(payment.environment, SMALL_BUDGET)


def _claim(payment: MpesaPayment, now: datetime) -> bool:
    pause = PAUSES[min(payment.questions_asked, len(PAUSES) - 1)]
    unasked = MpesaPayment.objects.filter(pk=payment.pk, questions_asked=payment.questions_asked)
    live = payment.status == Status.PROCESSING.value
    claim = {"next_question_at": now + timedelta(seconds=pause)} if live else {}
    return bool(unasked.update(questions_asked=F("questions_asked") + 1, **claim))
