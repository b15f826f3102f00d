"""What is due: written in the transaction that makes it due, done after it, at least once."""

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

#: A claim older than this belongs to a process that died.
RESERVATION_TIME = timedelta(minutes=5)

#: After so many tries it is given up and listed.
MAX_TRIES = 5

SIGNALS = {
    MessageKind.ORDER_PAID: order_paid,
    MessageKind.PAYMENT_FAILED: payment_failed,
    MessageKind.RECEIPT_UNMATCHED: receipt_unmatched,
}


class ReceiverRaised(Exception):
    """The shop's own code did not take an announcement; its text says which of it, and what it raised."""


#: What a telling needs of its row, for ``select_related``.
RELATED = ("mpesa_order__order", "payment", "receipt")

#: What is due when an order's money is there.
MESSAGES_WHEN_PAID = (MessageKind.ORDER_PAID, MessageKind.PAID_EMAIL)

#: What is due when an attempt failed.
MESSAGES_WHEN_FAILED = (MessageKind.PAYMENT_FAILED, MessageKind.FAILED_EMAIL)

#: Told once an order; the others once a payment or a receipt.
ONCE_PER_ORDER = {
    MessageKind.ORDER_PAID,
    MessageKind.PAID_EMAIL,
    MessageKind.FAILED_EMAIL,
    MessageKind.PAY_LATER_EMAIL,
    MessageKind.CLOSED_EMAIL,
}

#: Who failed to pay and tries again at once wants no mail about it.
DELAYS = {MessageKind.FAILED_EMAIL: timedelta(minutes=10)}


def enqueue(
    subject: MpesaPayment | MpesaOrder, *kinds: MessageKind, now: datetime, receipt: MpesaReceipt | None = None
) -> None:
    """Write down what is due about a payment or an order, in the caller's transaction, and do it after the commit.

    What is written down already is not written twice; what has a delay is done after it.
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
    """Another attempt begins: the mail about the one before waits until this one has had its time too."""
    undone = MpesaOutboxMessage.objects.filter(
        mpesa_order=mpesa_order, kind=MessageKind.FAILED_EMAIL, delivered_at=None
    )
    undone.update(due_at=now + PROMPT_LIFETIME + DELAYS[MessageKind.FAILED_EMAIL])


def pending_messages(now: datetime) -> QuerySet[MpesaOutboxMessage]:
    """What is due, was not done, and is in nobody's hands."""
    free = Q(reserved_at=None) | Q(reserved_at__lt=now - RESERVATION_TIME)
    return MpesaOutboxMessage.objects.filter(free, delivered_at=None, tries__lt=MAX_TRIES, due_at__lte=now)


def deliver_for_order(mpesa_order_id: int, *, now: datetime) -> None:
    """Do what is due for one order; must run outside a transaction. Never raises: what fails is tried again later."""
    for item in pending_messages(now).filter(mpesa_order_id=mpesa_order_id).select_related(*RELATED):
        deliver(item, now=now)


def deliver(item: MpesaOutboxMessage, *, now: datetime) -> bool:
    """Claim one thing and do it; False if it failed. True too if somebody else has it.

    The claim is a compare-and-set, so two workers cannot do it at once; a process that dies in between leaves a
    claim that grows old, and the thing is done again then. So it is with an announcement that a receiver did not
    take: all of its receivers are told again.
    """
    if not _reserve(item, now):
        return True
    try:
        _deliver(item)
    except Exception as error:
        logger.exception("M-Pesa order %s: %s failed and stays due", item.mpesa_order_id, item.kind)
        MpesaOutboxMessage.objects.filter(pk=item.pk).update(error=repr(error)[:500])
        return False
    MpesaOutboxMessage.objects.filter(pk=item.pk).update(delivered_at=now, error="")
    return True


def _reserve(item: MpesaOutboxMessage, now: datetime) -> bool:
    return bool(pending_messages(now).filter(pk=item.pk).update(reserved_at=now, tries=F("tries") + 1))


def _deliver(item: MpesaOutboxMessage) -> None:
    announcement = SIGNALS.get(MessageKind(item.kind))
    if announcement is None:
        shop().send_email(item)
        return
    facts = {"order": item.mpesa_order.order, "payment": item.payment, "receipt": item.receipt}
    answers: list[tuple[Any, Any]] = announcement.send_robust(sender=MpesaPayment, **facts)
    raised = [
        f"{receiver.__module__}.{receiver.__qualname__} raised {answer!r}"
        for receiver, answer in answers
        if isinstance(answer, Exception)
    ]
    if raised:
        raise ReceiverRaised("; ".join(raised))
