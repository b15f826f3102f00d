"""Close unpaid orders: after a last status check when they expire, or because staff or the shopper decide so."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain.i18n import _
from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.models import CloseReason, EventType, MessageKind, MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.models.orders import has_pending_status
from oscar_mpesa.services import allocation, audit, outbox, status_query
from oscar_mpesa.services.allocation import has_money
from oscar_mpesa.services.authorization import require_permission
from oscar_mpesa.services.locks import lock_mpesa_order, require_no_transaction
from oscar_mpesa.services.ports import shop
from oscar_mpesa.services.status_query import QueryResult

__all__ = ["CloseRefused", "close_order"]

logger = logging.getLogger("oscar_mpesa")

#: How long a worker reserves an expired order. Then another worker can reserve it.
RESERVATION_TIME = timedelta(minutes=5)

#: How long after ``pay_before`` an order waits for the last status check. Then it closes as *unconfirmed*.
MAX_POSTPONEMENT = timedelta(hours=24)

#: Limits of the pause between last status checks, which is half of the time since ``pay_before``.
SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)


class CloseRefused(Exception):
    """The order was not closed; ``sentence`` says why."""

    sentence = _("This order cannot be closed.")


class MoneyArrived(CloseRefused):
    """Money arrived for the order: allocate, refund or resolve it first."""

    sentence = _("Money arrived for this order. Decide about the money first.")


class NotPending(CloseRefused):
    """The order is closed already, or its status is not pending."""

    sentence = _("This order does not wait for a payment any more.")


class PromptPending(CloseRefused):
    """The payer can still answer a prompt."""

    sentence = _("A prompt is on the phone. Wait until it is answered or has ended.")


class NotRestorable(Exception):
    """The order's lines can't go back to a basket: it is open, they went back already, or money arrived."""

    sentence = _("The items of this order cannot be put back into a basket.")


class CloseResult(str, Enum):
    """The result of closing an expired order."""

    CLOSED = "closed"
    PAID = "paid"
    POSTPONED = "postponed"
    UNCHANGED = "unchanged"


def close_expired_order(mpesa_order: MpesaOrder, *, now: datetime) -> CloseResult:
    """Close an order whose time to pay is over, once, after a status check of each unpaid payment.

    Paid and closed orders are checked too, because an unanswered prompt can have brought money twice. An order with
    money, of another status, or with a live payment is not closed. If a status check gets no answer, closing is
    postponed for up to a day. Then the order closes as *unconfirmed*, and staff see it in their list.

    Must run outside a transaction. Reserves the order by compare-and-set on ``close_check_at``, so copies on many hosts
    query once. Locks the order, then the stock that it releases. Raises what the shop's own code raises; the order is
    retried when the reservation expires.
    """
    require_no_transaction()
    if not _reserve(mpesa_order, now):
        return CloseResult.UNCHANGED
    results = {_query_before_closing(payment, now) for payment in _payments_to_query(mpesa_order)}
    is_unanswered = QueryResult.NOTHING in results
    if is_unanswered and now < mpesa_order.pay_before + MAX_POSTPONEMENT:
        return _postpone(mpesa_order, now)
    is_unknown = is_unanswered or _payments_without_id(mpesa_order).exists()
    with transaction.atomic(durable=True):
        if is_unknown:
            audit.record(EventType.RESULT_UNKNOWN, mpesa_order, now=now)
            logger.error("M-PESA order %s: Safaricom never sent the result of a prompt; check it", mpesa_order.pk)
        return _close_expired(mpesa_order, CloseReason.UNCONFIRMED if is_unknown else CloseReason.EXPIRED, now)


def close_order(order: Any, *, by: Any, note: str = "", now: datetime) -> None:
    """Close an unpaid order at once, without a status check, because staff decided so. Locks the order.

    A live payment stays live and is queried later. Money that it still brings waits for staff. Raises
    ``PermissionDenied`` and ``CloseRefused``.
    """
    require_permission(by, "close_order")
    with transaction.atomic():
        mpesa_order = lock_mpesa_order(order.pk)
        _require_pending(mpesa_order)
        if _is_paid(mpesa_order):
            raise MoneyArrived(order.pk)
        _close(mpesa_order, CloseReason.STAFF, now, by=by, note=note)


def close_cancelled_order(order: Any, *, now: datetime) -> None:
    """Close an order that was canceled in Oscar's own dashboard, unless no M-PESA payment was ever started for it.

    Locks the order. An order with booked money is not closed; staff see it in their list, to refund the money.
    """
    with transaction.atomic():
        if MpesaOrder.objects.filter(pk=order.pk, payments__isnull=False).exists():
            _close_cancelled(lock_mpesa_order(order.pk), now)


def close_for_other_method(order: Any, *, now: datetime) -> None:
    """Close an order because its shopper pays in another way. Must run outside a transaction.

    Queries each unpaid payment once; a query without an answer doesn't stop the closure. Raises ``CloseRefused`` if a
    payment is live, money arrived, or the order is closed.
    """
    require_no_transaction()
    mpesa_order = MpesaOrder.objects.select_related("order").get(pk=order.pk)
    _require_unpaid(mpesa_order)
    for payment in _payments_to_query(mpesa_order):
        status_query.query_status(payment, now=now)
    with transaction.atomic(durable=True):
        locked = lock_mpesa_order(order.pk)
        _require_unpaid(locked)
        if locked.payments.live().exists():
            raise PromptPending(order.pk)
        _close(locked, CloseReason.OTHER_METHOD, now)


def mark_basket_restored(order: Any, *, now: datetime) -> MpesaOrder:
    """Mark a closed order's lines as put back in a basket, once. The caller's transaction copies them.

    Locks the order, so that it is either restored to a basket or reopened, never both. Raises ``NotRestorable``.
    """
    mpesa_order = lock_mpesa_order(order.pk)
    if not mpesa_order.is_closed or mpesa_order.basket_restored_at is not None or has_money(mpesa_order.pk):
        raise NotRestorable(order.pk)
    mpesa_order.basket_restored_at = now
    mpesa_order.save(update_fields=["basket_restored_at"])
    audit.record(EventType.BASKET_RESTORED, mpesa_order, now=now)
    return mpesa_order


def _reserve(mpesa_order: MpesaOrder, now: datetime) -> bool:
    unreserved = MpesaOrder.objects.filter(
        pk=mpesa_order.pk, close_check_at=mpesa_order.close_check_at, close_check_at__lte=now
    )
    return bool(unreserved.update(close_check_at=now + RESERVATION_TIME))


def _payments_to_query(mpesa_order: MpesaOrder) -> list[MpesaPayment]:
    """Return the payments that may be paid: unpaid, and not reported as unpaid since ``pay_before``."""
    sent = mpesa_order.payments.filter(on_hold=False).exclude(checkout_request_id=None).order_by("pk")
    return [
        payment
        for payment in sent
        if not payment.is_paid and (payment.not_paid_at is None or payment.not_paid_at < mpesa_order.pay_before)
    ]


def _query_before_closing(payment: MpesaPayment, now: datetime) -> QueryResult:
    result = status_query.query_status(payment, now=now)
    if result is QueryResult.NOT_PAID:
        MpesaPayment.objects.filter(pk=payment.pk).update(not_paid_at=now)
    return result


def _postpone(mpesa_order: MpesaOrder, now: datetime) -> CloseResult:
    pause = min(max((now - mpesa_order.pay_before) / 2, SHORTEST_PAUSE), LONGEST_PAUSE)
    MpesaOrder.objects.filter(pk=mpesa_order.pk).update(close_check_at=now + pause)
    return CloseResult.POSTPONED


def _payments_without_id(mpesa_order: MpesaOrder) -> QuerySet[MpesaPayment]:
    """Return expired payments that have no id to query, because the reply to their push was lost."""
    sent = mpesa_order.payments.filter(checkout_request_id=None).exclude(push_sent_at=None)
    return sent.filter(status=PaymentStatus.EXPIRED.value)


def _close_expired(mpesa_order: MpesaOrder, reason: CloseReason, now: datetime) -> CloseResult:
    """Check the order again under its lock, because it may have changed during the status checks."""
    locked = lock_mpesa_order(mpesa_order.pk)
    if locked.pay_before > now:
        MpesaOrder.objects.filter(pk=locked.pk).update(close_check_at=locked.pay_before)
        return CloseResult.POSTPONED
    result = _close_if_unpaid(locked, reason, now)
    if result is CloseResult.POSTPONED:
        return _postpone(locked, now)
    MpesaOrder.objects.filter(pk=locked.pk).update(close_check_at=None)  # all of its payments were queried
    return result


def _close_if_unpaid(locked: MpesaOrder, reason: CloseReason, now: datetime) -> CloseResult:
    settings = get_settings()
    if locked.order.status == settings.CANCELLED_STATUS:  # closing it raised when it was canceled
        return _close_cancelled(locked, now)
    if has_money(locked.pk):
        return CloseResult.PAID
    # Staff can set the expired status by hand, which releases nothing.
    is_unpaid = has_pending_status(locked.order) or locked.order.status == settings.EXPIRED_STATUS
    if locked.is_closed or not is_unpaid:
        return CloseResult.UNCHANGED
    if locked.payments.live().exists():
        return CloseResult.POSTPONED
    _close(locked, reason, now)
    return CloseResult.CLOSED


def _close_cancelled(locked: MpesaOrder, now: datetime) -> CloseResult:
    if locked.is_closed:
        return CloseResult.UNCHANGED
    if _is_paid(locked):
        audit.record(EventType.ORDER_CANCELED_PAID, locked, now=now)
        return CloseResult.PAID
    _close(locked, CloseReason.STAFF, now)
    return CloseResult.CLOSED


def _close(mpesa_order: MpesaOrder, reason: CloseReason, now: datetime, *, by: Any = None, note: str = "") -> None:
    mpesa_order.stock_snapshot = shop().release_stock(mpesa_order.order)
    mpesa_order.closed_at, mpesa_order.close_reason = now, reason.value
    mpesa_order.close_check_at = mpesa_order.pay_before  # staff close without a status check, so it follows then
    mpesa_order.save(update_fields=["stock_snapshot", "closed_at", "close_reason", "close_check_at"])
    audit.record(EventType.ORDER_CLOSED, mpesa_order, now=now, by=by, reason=reason, note=note)
    if reason is not CloseReason.OTHER_METHOD:
        outbox.enqueue(mpesa_order, MessageKind.CLOSED_EMAIL, now=now)
    logger.info("M-PESA order %s: closed (%s)", mpesa_order.pk, reason)


def _is_paid(mpesa_order: MpesaOrder) -> bool:
    return allocation.is_order_paid(mpesa_order, MpesaReceipt.objects.filter(order_id=mpesa_order.pk))


def _require_unpaid(mpesa_order: MpesaOrder) -> None:
    if has_money(mpesa_order.pk):
        raise MoneyArrived(mpesa_order.pk)
    _require_pending(mpesa_order)


def _require_pending(mpesa_order: MpesaOrder) -> None:
    if not mpesa_order.is_awaiting_payment:
        raise NotPending(mpesa_order.pk)
