"""Close unpaid orders: after a last status check when they expire, or because staff or the shopper decide so."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import Error as DatabaseError
from django.db.models import QuerySet

from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain.i18n import _
from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.models import CloseReason, EventType, MpesaAllocation, MpesaOrder, MpesaPayment
from oscar_mpesa.models.orders import has_pending_status
from oscar_mpesa.services import audit, order_stock, ports, status_query
from oscar_mpesa.services.actors import Actor
from oscar_mpesa.services.authorization import require_owner, require_permission
from oscar_mpesa.services.commit import durable_transaction, hook_safe_transaction
from oscar_mpesa.services.deadlocks import repeat_on_deadlock
from oscar_mpesa.services.expected_callbacks import is_confirming
from oscar_mpesa.services.ledger import TOLERANCE, Ledger, has_open_money, unmatched_receipts
from oscar_mpesa.services.locks import lock_mpesa_order, require_no_transaction
from oscar_mpesa.services.reassessment import reassess_order

__all__ = ["CloseRefused", "close_order"]

logger = logging.getLogger("oscar_mpesa")

#: How long a worker reserves an expired order. Then another worker can reserve it.
RESERVATION_TIME = timedelta(minutes=5)

#: How long after ``pay_before`` an order waits for the last status check. Then it closes as *unconfirmed*.
MAX_POSTPONEMENT = timedelta(hours=24)

#: How long after ``pay_before`` money that waits for a decision keeps an order open.
MAX_DECISION_TIME = timedelta(hours=72)

#: Payments to query before another payment method, newest first, and the seconds for all: the shopper waits for them.
MAX_QUERIES, QUERIES_LIMIT = 2, 8.0

#: Limits of the pause between last status checks, which is half of the time since ``pay_before``.
SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)


class CloseRefused(Exception):
    """The order was not closed; ``sentence`` says why."""

    sentence = _("This order can't be closed.")


class MoneyArrived(CloseRefused):
    """Money arrived for the order: allocate, refund or resolve it first."""

    sentence = _("Money arrived for this order. Decide about the money first.")


class NotPending(CloseRefused):
    """The order is closed already, or its status is not pending."""

    sentence = _("This order no longer waits for a payment.")


class PromptPending(CloseRefused):
    """The payer can still answer a prompt."""

    sentence = _("A prompt is on the phone. Wait until it is answered or has ended.")


class ShopRaised(CloseRefused):
    """The shop's own code raised, and nothing was changed. ``mpesa_reconcile`` tries again when the order expires."""

    sentence = _("This order couldn't be closed, because of an error in the shop. Nothing has changed.")


class NotRestorable(Exception):
    """The order's lines can't go back to a basket: it is open, they went back already, or money arrived or may come."""

    sentence = _("The items of this order can't be put back in a basket.")


class CloseResult(str, Enum):
    """The result of closing an expired order."""

    CLOSED = "closed"
    PAID = "paid"
    POSTPONED = "postponed"
    UNCHANGED = "unchanged"


def close_expired_order(mpesa_order: MpesaOrder, *, now: datetime) -> CloseResult:
    """Close an order whose time to pay is over, once, after a status check of each unpaid payment, a few at a time.

    Paid and closed orders are checked too, because an unanswered prompt can have brought money twice. An order with
    money, of another status, or with a live payment is not closed. Until each status check has an answer, closing is
    postponed for up to a day. Then the order closes as *unconfirmed*, and staff see it in their list.

    Must run outside a transaction. Reserves the order by compare-and-set on ``close_check_at``, so copies on many hosts
    query once. Locks the order, then the stock that it releases. Raises what the shop's own code raises; the order is
    retried when the reservation expires.
    """
    require_no_transaction()
    if not _reserve(mpesa_order, now):
        return CloseResult.UNCHANGED
    unqueried = sorted(_payments_to_query(mpesa_order, now), key=lambda payment: payment.query_count)
    some = unqueried[: status_query.order_budget(mpesa_order.environment)]
    answers = sum(status_query.query_or_log(payment, now).is_answer for payment in some)
    is_unanswered = answers < len(unqueried)
    if is_unanswered and now < mpesa_order.pay_before + MAX_POSTPONEMENT:
        return _postpone(mpesa_order, now, is_progressing=answers > 0)
    is_unknown = is_unanswered or _payments_without_id(mpesa_order).exists()
    result = CloseResult.UNCHANGED
    with durable_transaction():
        result = _close_expired(mpesa_order, CloseReason.UNCONFIRMED if is_unknown else CloseReason.EXPIRED, now)
        if is_unknown and result is not CloseResult.POSTPONED:
            audit.record(EventType.RESULT_UNKNOWN, mpesa_order, now=now)
            logger.error("M-PESA order %s: Safaricom never sent the result of a prompt; check it", mpesa_order.pk)
    return result


@contextmanager
def _refusal_if_shop_raises() -> Iterator[None]:
    """Turn what the shop's own code raises into a refusal, for somebody waits for the page."""
    try:
        yield
    except (CloseRefused, DatabaseError, PermissionDenied, ports.AdapterMissing):
        raise
    except Exception as error:
        logger.exception("M-PESA: an order could not be closed")
        raise ShopRaised(type(error).__name__) from error


@_refusal_if_shop_raises()
@repeat_on_deadlock
def close_order(order: Any, *, by: Any, note: str = "", now: datetime) -> None:
    """Close an unpaid order at once, without a status check, because staff decided so. Locks the order.

    A live payment stays live and is queried later. Money that it still brings waits for staff. Raises
    ``PermissionDenied`` and ``CloseRefused``.
    """
    require_permission(by, "close_order")
    with hook_safe_transaction():
        mpesa_order = lock_mpesa_order(order.pk)
        _require_pending(mpesa_order)
        if mpesa_order.is_paid:
            raise MoneyArrived(order.pk)
        _close(mpesa_order, CloseReason.STAFF, now, by=by, note=note)


def close_for_other_method(order: Any, *, actor: Actor, now: datetime) -> None:
    """Close an order because its owner pays in another way, after a query. Raises ``PermissionDenied`` too."""
    require_owner(actor)
    query_and_close(order, CloseReason.OTHER_METHOD, now=now)


def query_and_close(order: Any, reason: CloseReason, *, note: str = "", now: datetime) -> None:
    """Query an order's two newest unpaid payments, within eight seconds, then close it. Run outside a transaction.

    No answer doesn't stop the closure. Raises ``CloseRefused`` if a payment is live, money arrived or was reported, the
    order is closed, or the shop's own code raises.
    """
    require_no_transaction()
    mpesa_order = MpesaOrder.objects.select_related("order").get(pk=order.pk)
    _require_no_payment(mpesa_order, now)
    newest = _payments_to_query(mpesa_order, now)[: -MAX_QUERIES - 1 : -1]
    for payment, result in status_query.query_within(QUERIES_LIMIT, newest, now=now):
        logger.info("M-PESA payment %s: queried before its order is closed: %s", payment.pk, result.value)
    _close_without_money(order.pk, reason, note, now)


@_refusal_if_shop_raises()
@repeat_on_deadlock
def _close_without_money(order_id: int, reason: CloseReason, note: str, now: datetime) -> None:
    with durable_transaction():
        locked = lock_mpesa_order(order_id)
        _require_no_payment(locked, now)
        _close(locked, reason, now, note=note)


def mark_basket_restored(order: Any, *, actor: Actor, now: datetime) -> MpesaOrder:
    """Mark a closed order's lines as put back in a basket, once. The caller's transaction copies them.

    Locks the order, so that it is either restored to a basket or reopened, never both. Raises ``PermissionDenied`` if
    the actor does not own the order, and ``NotRestorable``.
    """
    require_owner(actor)
    mpesa_order = lock_mpesa_order(order.pk)
    is_open = not mpesa_order.is_closed or mpesa_order.basket_restored_at is not None
    may_be_paid = mpesa_order.payments.live().exists() or is_confirming(mpesa_order, now)
    if is_open or has_open_money(mpesa_order) or may_be_paid:
        raise NotRestorable(order.pk)
    mpesa_order.basket_restored_at = now
    mpesa_order.save(update_fields=["basket_restored_at"])
    audit.record(EventType.BASKET_RESTORED, mpesa_order, now=now)
    return mpesa_order


@repeat_on_deadlock
def _reserve(mpesa_order: MpesaOrder, now: datetime) -> bool:
    unreserved = MpesaOrder.objects.filter(
        pk=mpesa_order.pk, close_check_at=mpesa_order.close_check_at, close_check_at__lte=now
    )
    return bool(unreserved.update(close_check_at=now + RESERVATION_TIME))


def _payments_to_query(mpesa_order: MpesaOrder, now: datetime) -> list[MpesaPayment]:
    """Return the payments that may be paid: unpaid, and not reported as unpaid since ``pay_before``."""
    sent = mpesa_order.payments.exclude(checkout_request_id=None, unconfirmed_at=None)
    return [each for each in sent.order_by("pk") if not each.is_paid and _may_be_paid(each, mpesa_order, now)]


def _may_be_paid(payment: MpesaPayment, mpesa_order: MpesaOrder, now: datetime) -> bool:
    is_unknown = payment.not_paid_at is None or payment.not_paid_at < mpesa_order.pay_before
    return is_unknown or payment.is_confirming(now)


def _postpone(mpesa_order: MpesaOrder, now: datetime, *, is_progressing: bool = False) -> CloseResult:
    growing = min(max((now - mpesa_order.pay_before) / 2, SHORTEST_PAUSE), LONGEST_PAUSE)
    pause = SHORTEST_PAUSE if is_progressing else growing
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
    is_canceled = locked.order.status == get_settings().CANCELLED_STATUS
    is_unreleased = is_canceled and not locked.is_closed and not locked.is_enrolled
    if is_unreleased:
        order_stock.close(locked, CloseReason.STAFF, now=now)  # it raised when the order was canceled
    check_at = locked.close_check_at
    ledger = reassess_order(locked, now=now)
    if locked.close_check_at != check_at:
        return CloseResult.POSTPONED  # it got more time, or the shop's code raised when it was to be reopened
    result = CloseResult.CLOSED if is_unreleased else _close_if_unpaid(ledger, reason, now)
    if result is CloseResult.POSTPONED:
        return _postpone(locked, now)
    MpesaOrder.objects.filter(pk=locked.pk).update(close_check_at=None)  # all of its payments were queried
    return result


def _close_if_unpaid(ledger: Ledger, reason: CloseReason, now: datetime) -> CloseResult:
    locked = ledger.mpesa_order
    if ledger.balance < TOLERANCE and not locked.is_closed:  # with what other payment methods paid
        return CloseResult.PAID
    # Staff can set the expired status by hand, which releases nothing.
    is_unpaid = has_pending_status(locked.order) or locked.order.status == get_settings().EXPIRED_STATUS
    if locked.is_closed or locked.is_enrolled or not is_unpaid:
        return CloseResult.UNCHANGED
    if locked.payments.live().exists() or is_confirming(locked, now) or _awaits_decision(locked, now):
        return CloseResult.POSTPONED
    _close(locked, reason, now)
    return CloseResult.CLOSED


def _awaits_decision(mpesa_order: MpesaOrder, now: datetime) -> bool:
    """Return whether money of the order waits for a decision, which delays closing for three days at most."""
    return now < mpesa_order.pay_before + MAX_DECISION_TIME and unmatched_receipts(mpesa_order.pk).exists()


def _close(mpesa_order: MpesaOrder, reason: CloseReason, now: datetime, *, by: Any = None, note: str = "") -> None:
    """Close an order, and reverse its part payments, which then wait for a decision."""
    order_stock.close(mpesa_order, reason, by=by, note=note, now=now)
    reassess_order(mpesa_order, now=now)


def _require_no_payment(mpesa_order: MpesaOrder, now: datetime) -> None:
    """Raise ``CloseRefused`` unless the order is open, and no money arrived, was reported or may come from a prompt."""
    if has_open_money(mpesa_order) or MpesaAllocation.objects.active().filter(order_id=mpesa_order.pk).exists():
        raise MoneyArrived(mpesa_order.pk)
    _require_pending(mpesa_order)
    if mpesa_order.payments.live().exists():
        raise PromptPending(mpesa_order.pk)
    if is_confirming(mpesa_order, now):
        raise MoneyArrived(mpesa_order.pk)


def _require_pending(mpesa_order: MpesaOrder) -> None:
    if not mpesa_order.is_awaiting_payment:
        raise NotPending(mpesa_order.pk)
