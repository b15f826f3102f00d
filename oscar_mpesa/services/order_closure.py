"""Give up an unpaid order: by the clock after a last question to Safaricom, or because a person decided so."""

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

#: Whoever takes up an overdue order has it for so long; then it is free for another worker.
RESERVATION_TIME = timedelta(minutes=5)

#: How long after ``pay_before`` Safaricom is given to answer the last question; then the order goes unasked.
MAX_POSTPONEMENT = timedelta(hours=24)

#: The pauses between last questions: half of the time that has passed, within these.
SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)


class CloseRefused(Exception):
    """The order was not released; ``sentence`` tells a person why."""

    sentence = _("This order cannot be released.")


class MoneyArrived(CloseRefused):
    """Money arrived for it: use, return or explain that first."""

    sentence = _("Money arrived for this order. Decide about the money first.")


class NotPending(CloseRefused):
    """It is closed already, or of a status that M-Pesa does not release."""

    sentence = _("This order does not wait for a payment any more.")


class PromptPending(CloseRefused):
    """A request may still be answered on the phone."""

    sentence = _("A request is on the phone. Wait until it is answered or has ended.")


class NotRestorable(Exception):
    """Its things cannot go back to a basket: it is not closed, they went back already, or money came for it."""

    sentence = _("The things of this order cannot be put back into a basket.")


class CloseResult(str, Enum):
    """What became of an overdue order."""

    CLOSED = "closed"
    PAID = "paid"
    POSTPONED = "postponed"
    UNCHANGED = "unchanged"


def close_expired_order(mpesa_order: MpesaOrder, *, now: datetime) -> CloseResult:
    """Release an order whose time to pay is over, once, after Safaricom was asked about each of its prompts.

    It is asked whatever became of the order: one that another attempt paid, or that a person closed, may have been
    paid by a prompt without an answer too. Must run outside a transaction; claimed by a compare-and-set on
    ``close_check_at``, so that copies on many hosts ask once. An order with money, of another status or with a live
    prompt is not released. Without an answer it is postponed, up to a day; then it goes *unasked*, and stands in the
    list of staff. Locks the order, then what it gives back. Raises what the shop's own code raises; the claim then
    stands, and it is tried again after it.
    """
    require_no_transaction()
    if not _reserve(mpesa_order, now):
        return CloseResult.UNCHANGED
    answers = {_query_before_closing(payment, mpesa_order, now) for payment in _payments_to_query(mpesa_order)}
    is_unasked = QueryResult.NOTHING in answers
    if is_unasked and now < mpesa_order.pay_before + MAX_POSTPONEMENT:
        return _postpone(mpesa_order, now)
    is_unknown = is_unasked or _payments_without_id(mpesa_order).exists()
    with transaction.atomic(durable=True):
        if is_unknown:
            _record_unconfirmed(mpesa_order, now)
        return _close_by_clock(mpesa_order, CloseReason.UNCONFIRMED if is_unknown else CloseReason.EXPIRED, now)


def close_order(order: Any, *, by: Any, note: str = "", now: datetime) -> None:
    """Release an unpaid order at once, unasked, because staff decided so. Locks the order.

    A live prompt stays live and is asked about; money that it still brings waits for a person. Raises
    ``PermissionDenied`` and ``ReleaseRefused``.
    """
    require_permission(by, "close_order")
    with transaction.atomic():
        mpesa_order = lock_mpesa_order(order.pk)
        _require_pending(mpesa_order)
        if _is_paid(mpesa_order):
            raise MoneyArrived(order.pk)
        _close(mpesa_order, CloseReason.STAFF, now, by=by, note=note)


def close_cancelled_order(order: Any, *, now: datetime) -> None:
    """Give back what an order holds that was cancelled in Oscar's own dashboard; other methods' orders are let be.

    Locks the order. Trusts no status: money in the books releases nothing, and is listed as to be returned.
    """
    with transaction.atomic():
        if MpesaOrder.objects.filter(pk=order.pk, payments__isnull=False).exists():
            _close_cancelled(lock_mpesa_order(order.pk), now)


def close_for_other_method(order: Any, *, now: datetime) -> None:
    """Release an order because its shopper pays in another way. Must run outside a transaction.

    Safaricom is asked once about each prompt; no answer stops nothing. Raises ``ReleaseRefused``: a prompt lives,
    money is there, or the order is closed.
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
    """Mark a released order's things as given back to a basket, once; the caller's transaction copies them.

    Locks the order, so that giving back and reinstating exclude each other. Raises ``NotRestorable``.
    """
    mpesa_order = lock_mpesa_order(order.pk)
    if not mpesa_order.is_closed or mpesa_order.basket_restored_at is not None or has_money(mpesa_order.pk):
        raise NotRestorable(order.pk)
    mpesa_order.basket_restored_at = now
    mpesa_order.save(update_fields=["basket_restored_at"])
    audit.record(EventType.BASKET_RESTORED, mpesa_order, now=now)
    return mpesa_order


def _reserve(mpesa_order: MpesaOrder, now: datetime) -> bool:
    seen = MpesaOrder.objects.filter(
        pk=mpesa_order.pk, close_check_at=mpesa_order.close_check_at, close_check_at__lte=now
    )
    return bool(seen.update(close_check_at=now + RESERVATION_TIME))


def _payments_to_query(mpesa_order: MpesaOrder) -> list[MpesaPayment]:
    """Its prompts that Safaricom could still call paid, unless it has denied them since the time was over."""
    prompted = mpesa_order.payments.filter(on_hold=False).exclude(checkout_request_id=None).order_by("pk")
    return [
        payment
        for payment in prompted
        if not payment.is_paid and (payment.not_paid_at is None or payment.not_paid_at < mpesa_order.pay_before)
    ]


def _query_before_closing(payment: MpesaPayment, mpesa_order: MpesaOrder, now: datetime) -> QueryResult:
    said = status_query.query_status(payment, now=now)
    if said is QueryResult.NOT_PAID:
        MpesaPayment.objects.filter(pk=payment.pk).update(not_paid_at=now)
    return said


def _postpone(mpesa_order: MpesaOrder, now: datetime) -> CloseResult:
    pause = min(max((now - mpesa_order.pay_before) / 2, SHORTEST_PAUSE), LONGEST_PAUSE)
    MpesaOrder.objects.filter(pk=mpesa_order.pk).update(close_check_at=now + pause)
    return CloseResult.POSTPONED


def _payments_without_id(mpesa_order: MpesaOrder) -> QuerySet[MpesaPayment]:
    """Prompts whose id was lost with the reply to the push: only a callback could have told of them."""
    sent = mpesa_order.payments.filter(checkout_request_id=None).exclude(push_sent_at=None)
    return sent.filter(status=PaymentStatus.EXPIRED.value)


def _record_unconfirmed(mpesa_order: MpesaOrder, now: datetime) -> None:
    audit.record(EventType.RESULT_UNKNOWN, mpesa_order, now=now)
    logger.error("M-Pesa order %s: Safaricom never said what became of a prompt; look it up", mpesa_order.pk)


def _close_by_clock(mpesa_order: MpesaOrder, reason: CloseReason, now: datetime) -> CloseResult:
    """Look again under the lock: much may have happened while Safaricom was asked."""
    locked = lock_mpesa_order(mpesa_order.pk)
    if locked.pay_before > now:
        MpesaOrder.objects.filter(pk=locked.pk).update(close_check_at=locked.pay_before)
        return CloseResult.POSTPONED
    outcome = _close_if_unpaid(locked, reason, now)
    if outcome is CloseResult.POSTPONED:
        return _postpone(locked, now)
    MpesaOrder.objects.filter(pk=locked.pk).update(close_check_at=None)  # all of its prompts were asked about
    return outcome


def _close_if_unpaid(locked: MpesaOrder, reason: CloseReason, now: datetime) -> CloseResult:
    names = get_settings()
    if locked.order.status == names.CANCELLED_STATUS:  # its own release crashed
        return _close_cancelled(locked, now)
    if has_money(locked.pk):
        return CloseResult.PAID
    is_unpaid = has_pending_status(locked.order) or locked.order.status == names.EXPIRED_STATUS  # the latter by hand
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
    mpesa_order.close_check_at = mpesa_order.pay_before  # a person asks nobody: the clock does, in its time
    mpesa_order.save(update_fields=["stock_snapshot", "closed_at", "close_reason", "close_check_at"])
    audit.record(EventType.ORDER_CLOSED, mpesa_order, now=now, by=by, reason=reason, note=note)
    if reason is not CloseReason.OTHER_METHOD:
        outbox.enqueue(mpesa_order, MessageKind.CLOSED_EMAIL, now=now)
    logger.info("M-Pesa order %s: released (%s)", mpesa_order.pk, reason)


def _is_paid(mpesa_order: MpesaOrder) -> bool:
    return allocation.is_order_paid(mpesa_order, MpesaReceipt.objects.filter(order_id=mpesa_order.pk))


def _require_unpaid(mpesa_order: MpesaOrder) -> None:
    if has_money(mpesa_order.pk):
        raise MoneyArrived(mpesa_order.pk)
    _require_pending(mpesa_order)


def _require_pending(mpesa_order: MpesaOrder) -> None:
    if not mpesa_order.is_awaiting_payment:
        raise NotPending(mpesa_order.pk)
