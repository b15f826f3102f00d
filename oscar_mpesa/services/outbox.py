"""Deliver emails and signals after the commit, at least once. They are enqueued in the transaction itself."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet

from oscar_mpesa.models import MessageKind, MpesaOrder, MpesaOutboxMessage, MpesaPayment, MpesaReceipt
from oscar_mpesa.models.payments import PROMPT_LIFETIME
from oscar_mpesa.services.ports import shop
from oscar_mpesa.signals import order_paid, payment_failed, receipt_unmatched

logger = logging.getLogger("oscar_mpesa")

#: A reservation older than this belongs to a process that died.
RESERVATION_TIME = timedelta(minutes=5)

#: After this many tries a message is not retried, and staff see it in the list.
MAX_TRIES = 5

SIGNALS = {
    MessageKind.ORDER_PAID: order_paid,
    MessageKind.PAYMENT_FAILED: payment_failed,
    MessageKind.RECEIPT_UNMATCHED: receipt_unmatched,
}


class ReceiverRaised(Exception):
    """A receiver of a signal raised. The text names the receiver and the exception."""


#: What a delivery needs, for ``select_related``.
RELATED = ("mpesa_order__order", "payment", "receipt")

#: Enqueued when an order is paid.
MESSAGES_WHEN_PAID = (MessageKind.ORDER_PAID, MessageKind.PAID_EMAIL)

#: Enqueued when a payment fails.
MESSAGES_WHEN_FAILED = (MessageKind.PAYMENT_FAILED, MessageKind.FAILED_EMAIL)

#: Enqueued once for each order; the others once for each payment or receipt.
ONCE_PER_ORDER = {
    MessageKind.ORDER_PAID,
    MessageKind.PAID_EMAIL,
    MessageKind.FAILED_EMAIL,
    MessageKind.PAY_LATER_EMAIL,
    MessageKind.CLOSED_EMAIL,
}

#: A shopper who tries again at once needs no email about the failure.
DELAYS = {MessageKind.FAILED_EMAIL: timedelta(minutes=10)}


def enqueue(
    subject: MpesaPayment | MpesaOrder, *kinds: MessageKind, now: datetime, receipt: MpesaReceipt | None = None
) -> None:
    """Enqueue messages about a payment or an order in the caller's transaction; deliver them after the commit.

    A message that is enqueued already is not enqueued again. ``DELAYS`` can postpone its delivery.
    """
    payment = subject if isinstance(subject, MpesaPayment) else None
    order_id: int = payment.mpesa_order_id if payment else subject.pk
    rows = [
        MpesaOutboxMessage(
            mpesa_order_id=order_id,
            payment=payment,
            receipt=receipt,
            kind=kind,
            key=_key(kind, order_id, payment, receipt),
            due_at=now + DELAYS.get(kind, timedelta(0)),
        )
        for kind in kinds
    ]
    MpesaOutboxMessage.objects.bulk_create(rows, ignore_conflicts=True)
    transaction.on_commit(
        lambda: deliver_for_order(order_id, now=now), robust=True
    )  # Django cannot log a partial that raises


def _key(kind: MessageKind, order_id: int, payment: MpesaPayment | None, receipt: MpesaReceipt | None) -> str:
    if kind in ONCE_PER_ORDER or (payment is None and receipt is None):
        return f"{kind.value} order {order_id}"
    return f"{kind.value} receipt {receipt.pk}" if receipt else f"{kind.value} payment {payment.pk if payment else 0}"


def postpone_failed_email(mpesa_order: MpesaOrder, *, now: datetime) -> None:
    """Postpone the email about the last payment until the payment that starts now can have ended."""
    undelivered = MpesaOutboxMessage.objects.filter(
        mpesa_order=mpesa_order, kind=MessageKind.FAILED_EMAIL, delivered_at=None
    )
    undelivered.update(due_at=now + PROMPT_LIFETIME + DELAYS[MessageKind.FAILED_EMAIL])


def pending_messages(now: datetime) -> QuerySet[MpesaOutboxMessage]:
    """Return the messages that are due, not delivered, and not reserved by a worker."""
    unreserved = Q(reserved_at=None) | Q(reserved_at__lt=now - RESERVATION_TIME)
    return MpesaOutboxMessage.objects.filter(unreserved, delivered_at=None, tries__lt=MAX_TRIES, due_at__lte=now)


def deliver_for_order(mpesa_order_id: int, *, now: datetime) -> None:
    """Deliver an order's pending messages. Must run outside a transaction. Never raises; failures are retried later."""
    for message in pending_messages(now).filter(mpesa_order_id=mpesa_order_id).select_related(*RELATED):
        deliver(message, now=now)


def deliver(message: MpesaOutboxMessage, *, now: datetime) -> bool:
    """Deliver one message; return False if that failed, and True if another worker reserved it first.

    Reserves the message by compare-and-set, so two workers never deliver it at once. If the process dies, the
    reservation expires and the message is delivered again. If a receiver of a signal raises, all receivers get the
    signal again.
    """
    reserved = pending_messages(now).filter(pk=message.pk).update(reserved_at=now, tries=F("tries") + 1)
    if not reserved:
        return True
    try:
        _send(message)
    except Exception as error:
        logger.exception("M-PESA order %s: %s was not delivered and stays due", message.mpesa_order_id, message.kind)
        MpesaOutboxMessage.objects.filter(pk=message.pk).update(error=repr(error)[:500])
        return False
    MpesaOutboxMessage.objects.filter(pk=message.pk).update(delivered_at=now, error="")
    return True


def _send(message: MpesaOutboxMessage) -> None:
    signal = SIGNALS.get(MessageKind(message.kind))
    if signal is None:
        shop().send_email(message)
        return
    facts = {"order": message.mpesa_order.order, "payment": message.payment, "receipt": message.receipt}
    responses: list[tuple[Any, Any]] = signal.send_robust(sender=MpesaPayment, **facts)
    raised = [
        f"{receiver.__module__}.{receiver.__qualname__} raised {response!r}"
        for receiver, response in responses
        if isinstance(response, Exception)
    ]
    if raised:
        raise ReceiverRaised("; ".join(raised))
