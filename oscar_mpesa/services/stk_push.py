"""Send the prompt: claimed before, never sent twice by itself, never sent late."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import IntegrityError
from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Greatest

from oscar_mpesa.daraja.exceptions import DarajaBusy, DarajaError, DarajaMisconfigured, DarajaRefused
from oscar_mpesa.daraja.stk_push import StkPushReply
from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.models import EventType, MpesaOrder, MpesaPayment
from oscar_mpesa.models.payments import UNSENT_LIFETIME
from oscar_mpesa.services import audit, gateway
from oscar_mpesa.services.locks import require_no_transaction
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.update_sources import push_not_sent

logger = logging.getLogger("oscar_mpesa")

#: When Safaricom is asked first after a prompt.
FIRST_QUERY_AFTER = timedelta(seconds=20)

#: A prompt leaves at least this much of the order's time to answer it.
MINIMUM_TIME_TO_PAY = timedelta(minutes=4)

#: Why a push was surely not sent, in the words of the table of outcomes.
FAILURE_REASONS: dict[type[DarajaError], str] = {
    DarajaBusy: "busy",
    DarajaMisconfigured: "misconfigured",
    DarajaRefused: "refused",
}


def send_stk_push(payment: MpesaPayment, *, now: datetime) -> None:
    """Send a committed payment's push, once. Never raises ``DarajaError``; the row, not the argument, says how it went.

    Must run outside a transaction. The payment is claimed by a committed compare-and-set before the push leaves;
    whoever does not get the claim sends nothing. A push that was surely not sent fails the payment; a push whose
    reply is lost leaves it *processing* with no checkout id: its callback may still come.
    """
    require_no_transaction()
    if _reserve(payment, now):
        _send(payment, now)


def _reserve(payment: MpesaPayment, now: datetime) -> bool:
    # A subquery, for MariaDB would look for a joined order's payments first and claim them by their pk alone.
    is_open = Exists(MpesaOrder.objects.open().filter(pk=OuterRef("mpesa_order_id")))
    unsent = MpesaPayment.objects.filter(
        is_open,
        pk=payment.pk,
        status=PaymentStatus.PENDING.value,
        push_sent_at=None,
        created_at__gt=now - UNSENT_LIFETIME,
    )
    claimed = unsent.update(
        status=PaymentStatus.PROCESSING.value, push_sent_at=now, next_query_at=now + FIRST_QUERY_AFTER
    )
    if claimed:
        _extend_deadline(payment.mpesa_order, now)
    return bool(claimed)


def _extend_deadline(mpesa_order: MpesaOrder, now: datetime) -> None:
    if mpesa_order.pay_before < now + MINIMUM_TIME_TO_PAY:
        later = Greatest(F("pay_before"), now + MINIMUM_TIME_TO_PAY)
        MpesaOrder.objects.filter(pk=mpesa_order.pk).update(pay_before=later, close_check_at=later)


def _send(payment: MpesaPayment, now: datetime) -> None:
    try:
        reply = gateway.send_stk_push(payment, now=now)
    except DarajaError as error:
        _handle_error(payment, error, now)
    else:
        _handle_reply(payment, reply, now)


def _handle_error(payment: MpesaPayment, error: DarajaError, now: datetime) -> None:
    logger.warning("M-Pesa payment %s: push failed: %r", payment.pk, error)
    if not error.was_not_sent:
        audit.record(EventType.PUSH_UNANSWERED, payment, now=now, error_kind=error.kind)
        return
    reason = next((word for kind, word in FAILURE_REASONS.items() if isinstance(error, kind)), "not-sent")
    apply_update(payment, push_not_sent(reason, description=str(error)), now=now)


def _handle_reply(payment: MpesaPayment, reply: StkPushReply, now: datetime) -> None:
    """Fill in the ids that are missing still; a callback may have been faster, and the status is no push reply's."""
    missing = MpesaPayment.objects.filter(pk=payment.pk, checkout_request_id=None)
    try:
        missing.update(checkout_request_id=reply.checkout_request_id, merchant_request_id=reply.merchant_request_id)
    except IntegrityError:
        audit.record(EventType.PUSH_ID_REPEATED, payment, now=now)
