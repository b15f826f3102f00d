"""Hear what the shop changes in its own orders: a total, or a status that staff set by hand."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet

from oscar_mpesa.conf import get_settings
from oscar_mpesa.models import MpesaOrder, MpesaReceipt, UnmatchedReason
from oscar_mpesa.services import order_stock
from oscar_mpesa.services.commit import hook_safe_transaction
from oscar_mpesa.services.deadlocks import repeat_on_deadlock
from oscar_mpesa.services.exceptions import OutOfStock
from oscar_mpesa.services.locks import lock_mpesa_order
from oscar_mpesa.services.payments import give_time_to_pay
from oscar_mpesa.services.reassessment import reassess, reassess_order

__all__ = [
    "apply_status",
    "changed_orders",
    "expect_closure",
    "follow_change",
    "has_new_total",
    "orders_without_check",
    "reassess",
    "usable_money",
]

logger = logging.getLogger("oscar_mpesa")

#: ``reconcile`` looks for changed totals and statuses of orders whose time to pay ended within this time.
CHANGES_FOR = timedelta(days=7)

#: ``reconcile`` gives time to pay to orders without a closure check whose time to pay ended within this time.
HELD_FOR = timedelta(days=90)

#: How old money may be that ``reconcile`` gives to the order it was meant for, after another order gave it back.
FREED_FOR = timedelta(days=90)

#: Reasons of money that an open order which misses money never gives.
REASONS_OF_ORDERS = (
    UnmatchedReason.ORDER_PAID,
    UnmatchedReason.ORDER_CANCELED,
    UnmatchedReason.ORDER_CLOSED,
    UnmatchedReason.SOLD_OUT,
)


def changed_orders(now: datetime) -> QuerySet[MpesaOrder]:
    """Return recent orders whose total or status is not the one that was assessed: a shop's ``update`` tells nobody.

    An order that was never assessed is one of them if it waits for no payment any more.
    """
    settings = get_settings()
    recent = MpesaOrder.objects.filter(pay_before__gt=now - CHANGES_FOR).select_related("order")
    is_seen = Q(total_seen=F("order__total_incl_tax"), status_seen=F("order__status"))
    is_unpaid = Q(order__status__in=[settings.PENDING_STATUS, settings.EXPIRED_STATUS])
    return recent.filter(Q(~is_seen, total_seen__isnull=False) | Q(~is_unpaid, total_seen=None))


def orders_without_check(now: datetime) -> QuerySet[MpesaOrder]:
    """Return open orders that owe money and wait for it again, but that nothing would close.

    Staff put them on hold, so their closure check found nothing to close. Weeks later they got the pending status again
    by an ``update``, which tells nobody.
    """
    waiting = MpesaOrder.objects.awaiting_payment().filter(close_check_at=None, is_enrolled=False, is_paid=False)
    return waiting.filter(pay_before__gt=now - HELD_FOR).select_related("order")


def expect_closure(order_id: int, *, now: datetime) -> None:
    """Make the closure check of a canceled order due, so that ``reconcile`` closes it if nothing else does."""
    MpesaOrder.objects.open().filter(pk=order_id, is_enrolled=False).update(close_check_at=now)


def follow_change(mpesa_order: MpesaOrder, *, now: datetime) -> None:
    """Follow a total or status that nobody heard of. Locks the order.

    A closed order that goes on, but whose stock is sold, stays closed.
    """
    if mpesa_order.status_seen == mpesa_order.order.status:
        reassess(mpesa_order.pk, now=now)
        return
    try:
        apply_status(mpesa_order.order, now=now)
    except OutOfStock:
        logger.error("M-PESA order %s: it goes on, but its items are not all in stock any more", mpesa_order.pk)
        reassess(mpesa_order.pk, now=now)


def usable_money(now: datetime) -> QuerySet[MpesaReceipt]:
    """Return recent money that waits though the order it was meant for is open and misses money.

    Another order gave it back, and the process ended before the first one was reassessed. That sets another reason.
    """
    recent = MpesaReceipt.objects.counted().needing_decision().filter(paid_at__gt=now - FREED_FOR)
    is_open = Q(meant_for__mpesa__closed_at=None, meant_for__mpesa__balance__gte=1)
    waiting = recent.filter(is_open, unmatched_reason__in=REASONS_OF_ORDERS)
    return waiting.exclude(meant_for__status=get_settings().CANCELLED_STATUS)


def has_new_total(order: Any) -> bool:
    """Return whether an order's total is not the one that was assessed. Makes one query."""
    assessed = MpesaOrder.objects.filter(pk=order.pk, total_seen__isnull=False)
    return assessed.exclude(total_seen=F("order__total_incl_tax")).exists()


@repeat_on_deadlock
def apply_status(order: Any, *, now: datetime) -> None:
    """Follow a status that was set by hand. Locks the order.

    A canceled order gives back its money and stock. A closed order that goes on takes its stock again; then its money
    is used. An order that waits for payment again gets the shop's time to pay. Raises ``OutOfStock`` if a closed order
    can't go on, because its stock is sold.
    """
    settings = get_settings()
    with hook_safe_transaction():
        if not MpesaOrder.objects.filter(pk=order.pk).exists():
            return
        mpesa_order = lock_mpesa_order(order.pk)
        goes_on = mpesa_order.order.status not in {settings.CANCELLED_STATUS, settings.EXPIRED_STATUS}
        if mpesa_order.is_closed and goes_on and not order_stock.reopen(mpesa_order, now=now):
            raise OutOfStock(order.pk)
        if mpesa_order.is_awaiting_payment and not mpesa_order.is_enrolled:
            give_time_to_pay(mpesa_order, now=now)
        reassess_order(mpesa_order, now=now)
