"""Send the prompt: claimed before, never sent twice by itself, never sent late."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import IntegrityError
from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Greatest

from oscar_mpesa.daraja.errors import DarajaBusy, DarajaError, DarajaMisconfigured, DarajaRefused
from oscar_mpesa.daraja.messages import PushReply
from oscar_mpesa.domain.status import Status
from oscar_mpesa.lifecycle import audit, gateway
from oscar_mpesa.lifecycle.locks import require_no_transaction
from oscar_mpesa.lifecycle.news import not_sent
from oscar_mpesa.lifecycle.settling import settle
from oscar_mpesa.models import EventType, MpesaOrder, MpesaPayment
from oscar_mpesa.models.payments import UNSENT_LIFE

logger = logging.getLogger("oscar_mpesa")

#: When Safaricom is asked first after a prompt.
FIRST_QUESTION = timedelta(seconds=20)

#: A prompt leaves at least this much of the order's time to answer it.
TIME_TO_ANSWER = timedelta(minutes=4)

#: Why a push was surely not sent, in the words of the table of outcomes.
REASONS: dict[type[DarajaError], str] = {
    DarajaBusy: "busy",
    DarajaMisconfigured: "misconfigured",
    DarajaRefused: "refused",
}


def prompt(payment: MpesaPayment, *, now: datetime) -> None:
    """Send a committed payment's push, once. Never raises ``DarajaError``; the row, not the argument, says how it went.

    Must run outside a transaction. The payment is claimed by a committed compare-and-set before the push leaves;
    whoever does not get the claim sends nothing. A push that was surely not sent fails the payment; a push whose
    reply is lost leaves it *processing* with no checkout id: its callback may still come.
    """
    require_no_transaction()
    if _claim(payment, now):
        _send(payment, now)


def _claim(payment: MpesaPayment, now: datetime) -> bool:
    # A subquery, for MariaDB would look for a joined order's payments first and claim them by their pk alone.
    is_open = Exists(MpesaOrder.objects.open().filter(pk=OuterRef("mpesa_order_id")))
    unsent = MpesaPayment.objects.filter(
        is_open, pk=payment.pk, status=Status.PENDING.value, prompted_at=None, created_at__gt=now - UNSENT_LIFE
    )
    claimed = unsent.update(status=Status.PROCESSING.value, prompted_at=now, next_question_at=now + FIRST_QUESTION)
    if claimed:
        _leave_time_to_answer(payment.mpesa_order, now)
    return bool(claimed)


def _leave_time_to_answer(mpesa_order: MpesaOrder, now: datetime) -> None:
    if mpesa_order.pay_before < now + TIME_TO_ANSWER:
        later = Greatest(F("pay_before"), now + TIME_TO_ANSWER)
        MpesaOrder.objects.filter(pk=mpesa_order.pk).update(pay_before=later, release_at=later)


def _send(payment: MpesaPayment, now: datetime) -> None:
    try:
        reply = gateway.push(payment, now=now)
    except DarajaError as error:
        _take_error(payment, error, now)
    else:
        _take_reply(payment, reply, now)


def _take_error(payment: MpesaPayment, error: DarajaError, now: datetime) -> None:
    logger.warning("M-Pesa payment %s: push failed: %r", payment.pk, error)
    if not error.surely_not_sent:
        audit.record(EventType.PUSH_UNANSWERED, payment, now=now, error_kind=error.kind)
        return
    reason = next((word for kind, word in REASONS.items() if isinstance(error, kind)), "not-sent")
    settle(payment, not_sent(reason, description=str(error)), now=now)


def _take_reply(payment: MpesaPayment, reply: PushReply, now: datetime) -> None:
    """Fill in the ids that are missing still; a callback may have been faster, and the status is no push reply's."""
    missing = MpesaPayment.objects.filter(pk=payment.pk, checkout_request_id=None)
    try:
        missing.update(checkout_request_id=reply.checkout_request_id, merchant_request_id=reply.merchant_request_id)
    except IntegrityError:
        audit.record(EventType.PUSH_ID_REPEATED, payment, now=now)
