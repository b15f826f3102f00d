"""Send the STK push of a payment, once and never late."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import IntegrityError
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Greatest

from oscar_mpesa.daraja.exceptions import (
    AmountRefused,
    DarajaBusy,
    DarajaError,
    DarajaMisconfigured,
    DarajaRefused,
    NumberRefused,
)
from oscar_mpesa.daraja.stk_push import StkPushReply
from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.models import EventType, MpesaOrder, MpesaPayment
from oscar_mpesa.models.payments import UNSENT_LIFETIME
from oscar_mpesa.services import audit, gateway
from oscar_mpesa.services.callbacks import process_unconfirmed
from oscar_mpesa.services.deadlocks import repeat_on_deadlock
from oscar_mpesa.services.locks import require_no_transaction
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.reconnect import with_new_connection
from oscar_mpesa.services.update_sources import push_not_sent

logger = logging.getLogger("oscar_mpesa")

#: When a payment is first queried after its push.
FIRST_QUERY_AFTER = timedelta(seconds=20)

#: After a push the order stays open for at least this long.
MINIMUM_TIME_TO_PAY = timedelta(minutes=4)

#: Why a push was surely not sent, as ``domain.result_codes`` names it. The first matching class counts.
FAILURE_REASONS: dict[type[DarajaError], str] = {
    DarajaBusy: "busy",
    DarajaMisconfigured: "misconfigured",
    NumberRefused: "number-refused",
    AmountRefused: "amount-refused",
    DarajaRefused: "refused",
}


def send_stk_push(payment: MpesaPayment, *, now: datetime) -> None:
    """Send a committed payment's push, once. Never raises ``DarajaError``: reload the payment to see the result.

    Must run outside a transaction. Reserves the payment by a committed compare-and-set before the push; only one
    worker gets it. If the push was surely not sent, the payment fails. If the reply is lost, the payment stays
    *processing* without a checkout id, because its callback can still arrive.
    """
    require_no_transaction()
    if not _reserve(payment, now):
        return
    try:
        reply = gateway.send_stk_push(payment, now=now)
    except DarajaError as error:
        _handle_error(payment, error, now)
    else:
        with_new_connection(lambda: _store_ids(payment, reply, now))


def _reserve(payment: MpesaPayment, now: datetime) -> bool:
    # A subquery: with a join, MariaDB selects the payments first and then updates them by pk alone.
    is_open = Exists(MpesaOrder.objects.open().filter(pk=OuterRef("mpesa_order_id")))
    unsent = MpesaPayment.objects.filter(
        is_open,
        pk=payment.pk,
        status=PaymentStatus.PENDING.value,
        push_sent_at=None,
        created_at__gt=now - UNSENT_LIFETIME,
    )
    is_reserved = _set_processing(unsent, now)
    if is_reserved:
        _extend_deadline(payment.mpesa_order, now)
    return is_reserved


@repeat_on_deadlock
def _set_processing(unsent: QuerySet[MpesaPayment], now: datetime) -> bool:
    next_query_at = now + FIRST_QUERY_AFTER
    return bool(unsent.update(status=PaymentStatus.PROCESSING.value, push_sent_at=now, next_query_at=next_query_at))


@repeat_on_deadlock
def _extend_deadline(mpesa_order: MpesaOrder, now: datetime) -> None:
    if mpesa_order.pay_before < now + MINIMUM_TIME_TO_PAY:
        later = Greatest(F("pay_before"), now + MINIMUM_TIME_TO_PAY)
        clock = {} if mpesa_order.is_enrolled else {"close_check_at": later}
        MpesaOrder.objects.filter(pk=mpesa_order.pk).update(pay_before=later, **clock)


def _handle_error(payment: MpesaPayment, error: DarajaError, now: datetime) -> None:
    logger.warning("M-PESA payment %s: push failed: %r", payment.pk, error)
    if not error.was_not_sent:
        audit.record(EventType.PUSH_UNANSWERED, payment, now=now, error_kind=error.kind)
        return
    reason = next((reason for kind, reason in FAILURE_REASONS.items() if isinstance(error, kind)), "not-sent")
    apply_update(payment, push_not_sent(reason, description=str(error)), now=now)


def _store_ids(payment: MpesaPayment, reply: StkPushReply, now: datetime) -> None:
    """Store Safaricom's ids, and process callbacks that came before them. The reply doesn't change the status."""
    is_missing = Q(checkout_request_id=None) | Q(checkout_request_id=reply.checkout_request_id)
    missing = MpesaPayment.objects.filter(is_missing, pk=payment.pk)
    try:
        missing.update(checkout_request_id=reply.checkout_request_id, merchant_request_id=reply.merchant_request_id)
    except IntegrityError:
        audit.record(EventType.PUSH_ID_REPEATED, payment, now=now)
    else:
        process_unconfirmed(payment, now=now)
