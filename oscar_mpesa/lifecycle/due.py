"""What is due: written in the transaction that makes it due, done after it, at least once."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet

from oscar_mpesa.lifecycle.ports import shop
from oscar_mpesa.models import DueKind, MpesaDue, MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.models.payments import PROMPT_LIFE
from oscar_mpesa.signals import money_astray, order_paid, payment_failed

logger = logging.getLogger("oscar_mpesa")

#: A claim older than this belongs to a process that died.
CLAIM_LIFE = timedelta(minutes=5)

#: After so many tries it is given up and listed.
TRIES = 5

ANNOUNCEMENTS = {
    DueKind.ORDER_PAID: order_paid,
    DueKind.PAYMENT_FAILED: payment_failed,
    DueKind.MONEY_ASTRAY: money_astray,
}


class ReceiverRaised(Exception):
    """The shop's own code did not take an announcement; its text says which of it, and what it raised."""


#: What a telling needs of its row, for ``select_related``.
WITH_ALL = ("mpesa_order__order", "payment", "receipt")

#: What is due when an order's money is there.
OWED_WITH_MONEY = (DueKind.ORDER_PAID, DueKind.PAID_MAIL)

#: What is due when an attempt failed.
OWED_WITH_FAILURE = (DueKind.PAYMENT_FAILED, DueKind.FAILED_MAIL)

#: Told once an order; the others once a payment or a receipt.
ONCE_AN_ORDER = {
    DueKind.ORDER_PAID,
    DueKind.PAID_MAIL,
    DueKind.FAILED_MAIL,
    DueKind.LATER_MAIL,
    DueKind.CLOSED_MAIL,
}

#: Who failed to pay and tries again at once wants no mail about it.
DELAYS = {DueKind.FAILED_MAIL: timedelta(minutes=10)}


def owe(
    subject: MpesaPayment | MpesaOrder, *kinds: DueKind, now: datetime, receipt: MpesaReceipt | None = None
) -> None:
    """Write down what is due about a payment or an order, in the caller's transaction, and do it after the commit.

    What is written down already is not written twice; what has a delay is done after it.
    """
    payment = subject if isinstance(subject, MpesaPayment) else None
    order_id: int = payment.mpesa_order_id if payment else subject.pk
    rows = [
        MpesaDue(
            mpesa_order_id=order_id,
            payment=payment,
            receipt=receipt,
            kind=kind,
            about=_about(kind, order_id, payment, receipt),
            due_at=now + DELAYS.get(kind, timedelta(0)),
        )
        for kind in kinds
    ]
    MpesaDue.objects.bulk_create(rows, ignore_conflicts=True)
    transaction.on_commit(lambda: send_for(order_id, now=now), robust=True)  # Django cannot log a partial that raises


def _about(kind: DueKind, order_id: int, payment: MpesaPayment | None, receipt: MpesaReceipt | None) -> str:
    if kind in ONCE_AN_ORDER or (payment is None and receipt is None):
        return f"{kind.value} order {order_id}"
    return f"{kind.value} receipt {receipt.pk}" if receipt else f"{kind.value} payment {payment.pk if payment else 0}"


def wait_with_failed_mail(mpesa_order: MpesaOrder, *, now: datetime) -> None:
    """Another attempt begins: the mail about the one before waits until this one has had its time too."""
    undone = MpesaDue.objects.filter(mpesa_order=mpesa_order, kind=DueKind.FAILED_MAIL, done_at=None)
    undone.update(due_at=now + PROMPT_LIFE + DELAYS[DueKind.FAILED_MAIL])


def overdue(now: datetime) -> QuerySet[MpesaDue]:
    """What is due, was not done, and is in nobody's hands."""
    free = Q(claimed_at=None) | Q(claimed_at__lt=now - CLAIM_LIFE)
    return MpesaDue.objects.filter(free, done_at=None, tries__lt=TRIES, due_at__lte=now)


def send_for(mpesa_order_id: int, *, now: datetime) -> None:
    """Do what is due for one order; must run outside a transaction. Never raises: what fails is tried again later."""
    for item in overdue(now).filter(mpesa_order_id=mpesa_order_id).select_related(*WITH_ALL):
        send(item, now=now)


def send(item: MpesaDue, *, now: datetime) -> bool:
    """Claim one thing and do it; False if it failed. True too if somebody else has it.

    The claim is a compare-and-set, so two workers cannot do it at once; a process that dies in between leaves a
    claim that grows old, and the thing is done again then. So it is with an announcement that a receiver did not
    take: all of its receivers are told again.
    """
    if not _claim(item, now):
        return True
    try:
        _carry_out(item)
    except Exception as error:
        logger.exception("M-Pesa order %s: %s failed and stays due", item.mpesa_order_id, item.kind)
        MpesaDue.objects.filter(pk=item.pk).update(error=repr(error)[:500])
        return False
    MpesaDue.objects.filter(pk=item.pk).update(done_at=now, error="")
    return True


def _claim(item: MpesaDue, now: datetime) -> bool:
    return bool(overdue(now).filter(pk=item.pk).update(claimed_at=now, tries=F("tries") + 1))


def _carry_out(item: MpesaDue) -> None:
    announcement = ANNOUNCEMENTS.get(DueKind(item.kind))
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
