"""Deliver emails and signals after the commit, at least once. They are enqueued in the transaction itself."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet

from oscar_mpesa.models import (
    EventType,
    MessageKind,
    MpesaOrder,
    MpesaOutboxMessage,
    MpesaPayment,
    MpesaReceipt,
    SkipReason,
)
from oscar_mpesa.models.payments import CONFIRMATION_GRACE, PROMPT_LIFETIME
from oscar_mpesa.services import audit, mail
from oscar_mpesa.services.authorization import require_permission
from oscar_mpesa.services.expected_callbacks import is_confirming
from oscar_mpesa.services.ledger import keeps_money
from oscar_mpesa.services.ports import shop
from oscar_mpesa.services.wake import wake
from oscar_mpesa.signals import order_paid, order_unpaid, payment_failed, receipt_unmatched

logger = logging.getLogger("oscar_mpesa")

#: A reservation older than this belongs to a process that died. It outlives the time limits of emails.
RESERVATION_TIME = timedelta(minutes=5)

#: The pause after the first failure. Each further pause is twice as long.
FIRST_RETRY = timedelta(seconds=90)

#: After this many tries, two days after the first, a message is not retried, and staff see it in the list.
MAX_TRIES = 12

#: An email that was delivered is sent again only after this long.
RESEND_INTERVAL = timedelta(minutes=1)

SIGNALS = {
    MessageKind.ORDER_PAID: order_paid,
    MessageKind.ORDER_UNPAID: order_unpaid,
    MessageKind.PAYMENT_FAILED: payment_failed,
    MessageKind.RECEIPT_UNMATCHED: receipt_unmatched,
}


#: The other kinds are emails.
EMAIL_KINDS = frozenset(MessageKind) - set(SIGNALS)

#: Emails that ask to pay.
PAY_EMAIL_KINDS = {MessageKind.FAILED_EMAIL, MessageKind.PART_PAID_EMAIL, MessageKind.PAY_LATER_EMAIL}


class ReceiverRaised(Exception):
    """A receiver of a signal raised. The text names the receiver and the exception."""


class Delivery(str, Enum):
    """What became of one message: *reserved* by another worker, *postponed* because no email can be sent now."""

    DELIVERED = "delivered"
    SKIPPED = "skipped"
    RESERVED = "reserved"
    POSTPONED = "postponed"
    FAILED = "failed"


#: What a delivery needs, for ``select_related``.
RELATED = ("mpesa_order__order", "payment", "receipt")

#: Enqueued when an order is paid.
MESSAGES_WHEN_PAID = (MessageKind.ORDER_PAID, MessageKind.PAID_EMAIL)

#: Enqueued when a payment fails.
MESSAGES_WHEN_FAILED = (MessageKind.PAYMENT_FAILED, MessageKind.FAILED_EMAIL)

#: Enqueued once for each order; the others for each payment, each receipt of an order, or each time it is paid.
ONCE_PER_ORDER = {
    MessageKind.FAILED_EMAIL,
    MessageKind.PAY_LATER_EMAIL,
    MessageKind.CLOSED_EMAIL,
}

#: A shopper who tries again at once needs no email about the failure.
DELAYS = {MessageKind.FAILED_EMAIL: timedelta(minutes=10)}


def enqueue(
    subject: MpesaPayment | MpesaOrder,
    *kinds: MessageKind,
    now: datetime,
    receipt: MpesaReceipt | None = None,
    number: int | None = None,
) -> None:
    """Enqueue messages about a payment or an order in the caller's transaction; wake their delivery after the commit.

    A message that is enqueued already is not enqueued again. ``number`` tells apart messages that an order can get
    several times. ``DELAYS`` can postpone the delivery.
    """
    payment = subject if isinstance(subject, MpesaPayment) else None
    order_id: int = payment.mpesa_order_id if payment else subject.pk
    rows = [
        MpesaOutboxMessage(
            mpesa_order_id=order_id,
            payment=payment,
            receipt=receipt,
            kind=kind,
            key=_key(kind, order_id, payment, receipt, number),
            number=number,
            due_at=now + DELAYS.get(kind, timedelta(0)),
        )
        for kind in kinds
    ]
    MpesaOutboxMessage.objects.bulk_create(rows, ignore_conflicts=True)
    transaction.on_commit(lambda: wake(now=now), robust=True)  # Django cannot log a partial that raises


def _key(
    kind: MessageKind,
    order_id: int,
    payment: MpesaPayment | None,
    receipt: MpesaReceipt | None,
    number: int | None,
) -> str:
    if number is not None and kind is MessageKind.REFUND_EMAIL and receipt is not None:
        return f"{kind.value} receipt {receipt.pk} {number}"
    if number is not None:
        return f"{kind.value} order {order_id} {number}"
    if kind in ONCE_PER_ORDER or (payment is None and receipt is None):
        return f"{kind.value} order {order_id}"
    if receipt is not None:
        return f"{kind.value} receipt {receipt.pk} order {order_id}"  # money can be matched to another order
    return f"{kind.value} payment {payment.pk if payment else 0}"


def postpone_failed_email(mpesa_order: MpesaOrder, *, now: datetime) -> None:
    """Postpone the email about the last payment until the payment that starts now can have ended."""
    undelivered = MpesaOutboxMessage.objects.filter(
        mpesa_order=mpesa_order, kind=MessageKind.FAILED_EMAIL, delivered_at=None
    )
    undelivered.update(due_at=now + PROMPT_LIFETIME + DELAYS[MessageKind.FAILED_EMAIL])


def pending_messages(now: datetime) -> QuerySet[MpesaOutboxMessage]:
    """Return the messages to deliver now: due, not delivered, and not reserved by a worker.

    Emails are left out while the mail server does not answer.
    """
    return _pending(now).exclude(kind__in=EMAIL_KINDS) if mail.breaker.is_open(now) else _pending(now)


def undeliverable_messages(now: datetime) -> QuerySet[MpesaOutboxMessage]:
    """Return the messages that ran out of tries and are no longer reserved by the last one."""
    return MpesaOutboxMessage.objects.filter(_unreserved(now), delivered_at=None, tries__gte=MAX_TRIES)


def _pending(now: datetime) -> QuerySet[MpesaOutboxMessage]:
    return MpesaOutboxMessage.objects.filter(_unreserved(now), delivered_at=None, tries__lt=MAX_TRIES, due_at__lte=now)


def _unreserved(now: datetime) -> Q:
    return Q(reserved_at=None) | Q(reserved_at__lt=now - RESERVATION_TIME)


def deliver(message: MpesaOutboxMessage, *, now: datetime) -> Delivery:
    """Deliver one message. Must run outside a transaction. Failures are logged, and retried after growing pauses.

    Reserves the message by compare-and-set, so two workers never deliver it at once. If the process dies, the
    reservation expires and the message is delivered again. If a receiver of a signal raises, all receivers get the
    signal again. While the mail server does not answer, emails wait without a counted try. So does an email that asks
    to pay, while reported money waits for its confirmation, and ``order_unpaid`` while ``order_paid`` is being sent.
    What says that an order is paid is skipped if it no longer is.
    """
    if message.kind in EMAIL_KINDS and not mail.breaker.may_try(now):
        return Delivery.POSTPONED
    pause = _pause_before(message, now)
    if pause is not None:
        MpesaOutboxMessage.objects.filter(pk=message.pk).update(due_at=now + pause)
        return Delivery.POSTPONED
    unreserved = _pending(now).filter(pk=message.pk, tries=message.tries)
    if not unreserved.update(reserved_at=now, tries=F("tries") + 1):
        return Delivery.RESERVED
    try:
        skip_reason = _send(message, now)
    except Exception as error:
        logger.exception("M-PESA order %s: %s was not delivered and stays due", message.mpesa_order_id, message.kind)
        _record_failure(message, error, now)
        return Delivery.FAILED
    MpesaOutboxMessage.objects.filter(pk=message.pk).update(delivered_at=now, skip_reason=skip_reason, error="")
    return Delivery.SKIPPED if skip_reason else Delivery.DELIVERED


def _pause_before(message: MpesaOutboxMessage, now: datetime) -> timedelta | None:
    """Return how long a message must wait for what happens at the moment, or None."""
    if message.kind in PAY_EMAIL_KINDS and is_confirming(message.mpesa_order, now):
        return CONFIRMATION_GRACE
    if message.kind == MessageKind.ORDER_UNPAID and _is_order_paid_on_its_way(message, now):
        return FIRST_RETRY
    return None


def _is_order_paid_on_its_way(message: MpesaOutboxMessage, now: datetime) -> bool:
    """Return whether a worker is sending the ``order_paid`` that an ``order_unpaid`` follows."""
    same = MpesaOutboxMessage.objects.filter(mpesa_order_id=message.mpesa_order_id, number=message.number)
    return same.filter(kind=MessageKind.ORDER_PAID, delivered_at=None).exclude(_unreserved(now)).exists()


def _send(message: MpesaOutboxMessage, now: datetime) -> str:
    """Send an email or signal; return why none was sent, or an empty text."""
    if message.kind in MESSAGES_WHEN_PAID and not _is_still_paid(message):
        return SkipReason.OUTDATED.value
    return _send_email(message, now) if message.kind in EMAIL_KINDS else _send_signal(message)


def _is_still_paid(message: MpesaOutboxMessage) -> bool:
    """Return whether the order is paid as often as the message says, and neither unpaid nor refunded in full since."""
    number = message.number or 0
    same = MpesaOrder.objects.filter(pk=message.mpesa_order_id, paid_count=number, unpaid_count__lt=number)
    return same.exists() and keeps_money(message.mpesa_order_id)


def resend(messages: Iterable[MpesaOutboxMessage], *, by: Any, now: datetime) -> int:
    """Make messages due now, with all their tries before them, and wake their delivery; return their number.

    Needs ``act_on_payment``. Leaves out what a worker delivers at the moment, emails delivered in the last minute (as
    by the first of two clicks), and signals that were delivered. Raises ``PermissionDenied``.
    """
    require_permission(by, "act_on_payment")
    with transaction.atomic():
        resent = [message for message in messages if _make_due(message, now)]
        for message in resent:
            audit.record(EventType.MESSAGE_RESENT, message.mpesa_order, now=now, by=by, kind=message.kind)
        transaction.on_commit(lambda: wake(now=now), robust=True)
    return len(resent)


def _make_due(message: MpesaOutboxMessage, now: datetime) -> bool:
    is_resendable = Q(delivered_at=None) & _unreserved(now)
    if message.kind in EMAIL_KINDS:
        is_resendable |= Q(delivered_at__lt=now - RESEND_INTERVAL)
    row = MpesaOutboxMessage.objects.filter(is_resendable, pk=message.pk)
    return bool(row.update(due_at=now, tries=0, delivered_at=None, reserved_at=None, skip_reason="", error=""))


def _send_email(message: MpesaOutboxMessage, now: datetime) -> str:
    """Send an email and record whether the mail server answered; return why none was sent, or ""."""
    started = time.monotonic()
    try:
        skip_reason = shop().send_email(message)
    except Exception as error:
        if mail.is_unreachable(error):
            mail.breaker.open(now + timedelta(seconds=time.monotonic() - started))
        else:
            mail.breaker.pass_on(now)
        raise
    if skip_reason is None:
        mail.breaker.close()
        return ""
    mail.breaker.pass_on(now)
    return skip_reason.value


def _send_signal(message: MpesaOutboxMessage) -> str:
    facts = {"order": message.mpesa_order.order, "payment": message.payment, "receipt": message.receipt}
    responses: list[tuple[Any, Any]] = SIGNALS[MessageKind(message.kind)].send_robust(sender=MpesaPayment, **facts)
    raised = [
        f"{receiver.__module__}.{receiver.__qualname__} raised {response!r}"
        for receiver, response in responses
        if isinstance(response, Exception)
    ]
    if raised:
        raise ReceiverRaised("; ".join(raised))
    return ""


def _record_failure(message: MpesaOutboxMessage, error: Exception, now: datetime) -> None:
    """End this worker's reservation, and move the message to its next try."""
    tries = message.tries + 1
    next_try = {"due_at": now + FIRST_RETRY * 2 ** (tries - 1)} if tries < MAX_TRIES else {}
    ours = MpesaOutboxMessage.objects.filter(pk=message.pk, reserved_at=now, tries=tries, delivered_at=None)
    ours.update(error=repr(error)[:500], reserved_at=None, **next_try)
