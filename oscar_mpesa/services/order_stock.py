"""Close an order and release its stock, or reopen it and take the stock again. The caller locks the order."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from oscar_mpesa.models import CloseReason, EventType, MessageKind, MpesaOrder
from oscar_mpesa.services import audit, outbox
from oscar_mpesa.services.ports import FATAL_ERRORS, shop

logger = logging.getLogger("oscar_mpesa")

#: When an order is closed or reopened again after the shop's own code raised.
RETRY = timedelta(minutes=10)


def close(mpesa_order: MpesaOrder, reason: CloseReason, *, by: Any = None, note: str = "", now: datetime) -> None:
    """Close an open order: release its stock, and enqueue an email. Raises what the shop's own code raises."""
    mpesa_order.stock_snapshot = shop().release_stock(mpesa_order.order)
    mpesa_order.closed_at, mpesa_order.close_reason = now, reason.value
    mpesa_order.close_check_at = mpesa_order.pay_before  # staff close without a status check, so it follows then
    mpesa_order.save(update_fields=["stock_snapshot", "closed_at", "close_reason", "close_check_at"])
    audit.record(EventType.ORDER_CLOSED, mpesa_order, now=now, by=by, reason=reason, note=note)
    if reason is not CloseReason.OTHER_METHOD:
        outbox.enqueue(mpesa_order, MessageKind.CLOSED_EMAIL, now=now)
    transaction.on_commit(lambda: logger.info("M-PESA order %s: closed (%s)", mpesa_order.pk, reason), robust=True)


def reopen(mpesa_order: MpesaOrder, *, is_paid: bool = True, by: Any = None, now: datetime) -> bool:
    """Take a closed order's stock again and reopen it. Returns False, and changes nothing, if its stock is sold.

    Without ``is_paid``, part of its money is missing: it gets the pending status, and time for the rest.
    """
    if not shop().retake_stock(mpesa_order.order, mpesa_order.stock_snapshot):
        return False
    if not is_paid:
        shop().mark_pending(mpesa_order.order)
    mpesa_order.closed_at, mpesa_order.close_reason, mpesa_order.stock_snapshot = None, "", {}
    mpesa_order.part_paid_at = None
    mpesa_order.save(update_fields=["closed_at", "close_reason", "stock_snapshot", "part_paid_at"])
    audit.record(EventType.ORDER_REOPENED, mpesa_order, now=now, by=by)
    return True


def try_reopen(mpesa_order: MpesaOrder, *, now: datetime) -> bool | None:
    """Reopen a closed order that is paid. Returns None if the shop's own code raised: it is tried again later."""
    return _try(lambda: reopen(mpesa_order, now=now), mpesa_order, now)


def try_close(mpesa_order: MpesaOrder, reason: CloseReason, *, now: datetime) -> None:
    """Close an open order, or later if the shop's own code raises."""
    _try(lambda: close(mpesa_order, reason, now=now), mpesa_order, now)


def _try(act: Callable[[], bool | None], mpesa_order: MpesaOrder, now: datetime) -> bool | None:
    """Act in a savepoint: what the shop's own code raises must not undo that money arrived."""
    try:
        with transaction.atomic():
            return act()
    except FATAL_ERRORS:
        raise
    except Exception:
        logger.exception("M-PESA order %s: the shop's own code refused its stock; it is tried again", mpesa_order.pk)
        mpesa_order.refresh_from_db(fields=["closed_at", "close_reason", "stock_snapshot", "part_paid_at"])
        mpesa_order.order.refresh_from_db(fields=["status"])
        mpesa_order.close_check_at = now + RETRY
        mpesa_order.save(update_fields=["close_check_at"])
    return None
