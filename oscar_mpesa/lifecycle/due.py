"""What is due: written in the transaction that makes it due, done after it, once."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import F, Q

from oscar_mpesa.models import DueKind, MpesaDue, MpesaPayment, MpesaReceipt
from oscar_mpesa.signals import money_astray, news_due, order_paid, payment_failed

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

#: What is due when an order's money is there.
OWED_WITH_MONEY = (DueKind.ORDER_PAID, DueKind.PAID_MAIL)

#: Told once an order; the others once a payment or a receipt.
ONCE_AN_ORDER = {DueKind.ORDER_PAID, DueKind.PAID_MAIL, DueKind.FAILED_MAIL, DueKind.CLOSED_MAIL}


def owe(payment: MpesaPayment, *kinds: DueKind, now: datetime, receipt: MpesaReceipt | None = None) -> None:
    """Write down what is due, in the caller's transaction, and do it after the commit.

    What is written down already is not written twice.
    """
    rows = [
        MpesaDue(
            mpesa_order_id=payment.mpesa_order_id,
            payment=payment,
            receipt=receipt,
            kind=kind,
            about=_about(kind, payment, receipt),
            due_at=now,
        )
        for kind in kinds
    ]
    MpesaDue.objects.bulk_create(rows, ignore_conflicts=True)
    transaction.on_commit(partial(send_for, payment.mpesa_order_id, now=now), robust=True)


def _about(kind: DueKind, payment: MpesaPayment, receipt: MpesaReceipt | None) -> str:
    if kind in ONCE_AN_ORDER:
        return f"{kind.value} order {payment.order_id}"
    return f"{kind.value} receipt {receipt.pk}" if receipt else f"{kind.value} payment {payment.pk}"


def send_for(mpesa_order_id: int, *, now: datetime) -> None:
    """Do what is due for one order; must run outside a transaction. Never raises: what fails is tried again later."""
    undone = MpesaDue.objects.filter(mpesa_order_id=mpesa_order_id, done_at=None, tries__lt=TRIES, due_at__lte=now)
    for item in undone.select_related("mpesa_order__order", "payment", "receipt"):
        send(item, now=now)


def send(item: MpesaDue, *, now: datetime) -> bool:
    """Claim one thing and do it; False if somebody else has it or if it failed.

    The claim is a compare-and-set, so two workers cannot do it at once; a process that dies in between leaves a
    claim that grows old, and the thing is done again then.
    """
    if not _claim(item, now):
        return False
    try:
        _carry_out(item)
    except Exception as error:
        logger.exception("M-Pesa order %s: %s failed and stays due", item.mpesa_order_id, item.kind)
        MpesaDue.objects.filter(pk=item.pk).update(error=repr(error)[:500])
        return False
    MpesaDue.objects.filter(pk=item.pk).update(done_at=now, error="")
    return True


def _claim(item: MpesaDue, now: datetime) -> bool:
    free = Q(claimed_at=None) | Q(claimed_at__lt=now - CLAIM_LIFE)
    unclaimed = MpesaDue.objects.filter(free, pk=item.pk, done_at=None, tries__lt=TRIES)
    return bool(unclaimed.update(claimed_at=now, tries=F("tries") + 1))


def _carry_out(item: MpesaDue) -> None:
    announcement = ANNOUNCEMENTS.get(DueKind(item.kind))
    if announcement is None:
        news_due.send(sender=MpesaDue, due=item)
        return
    facts = {"order": item.mpesa_order.order, "payment": item.payment, "receipt": item.receipt}
    for receiver, answer in announcement.send_robust(sender=MpesaPayment, **facts):
        if isinstance(answer, Exception):
            logger.error("%s: %s.%s raised %r", item.kind, receiver.__module__, receiver.__qualname__, answer)
