"""Read what a shop must know before M-PESA is removed: what is still open, and which statuses its orders have."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import Enum
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from oscar.core.loading import get_model

from oscar_mpesa.conf import get_settings
from oscar_mpesa.models import (
    ClaimStatus,
    MpesaAllocation,
    MpesaCallback,
    MpesaClaim,
    MpesaOrder,
    MpesaOutboxMessage,
    MpesaPayment,
    MpesaReceipt,
    MpesaRefund,
)
from oscar_mpesa.models.payments import CONFIRMATION_TIME
from oscar_mpesa.models.refunds import RESERVING
from oscar_mpesa.reports.union_parts import environments
from oscar_mpesa.services.callbacks import UNFINISHED

Order = get_model("order", "Order")


class OpenItem(str, Enum):
    """What still happens, or waits for a person, so that M-PESA should not be removed yet."""

    OFFERED = "offered"
    PROMPTS = "prompts"
    CONFIRMATIONS = "confirmations"
    CALLBACKS = "callbacks"
    UNMATCHED = "unmatched"
    PART_PAID = "part_paid"
    CLAIMS = "claims"
    REFUNDS = "refunds"
    BOOKS = "books"
    MESSAGES = "messages"


def open_items(now: datetime) -> dict[OpenItem, int]:
    """Return how many items of each kind are open, without those of which there are none."""
    found = {
        OpenItem.OFFERED: int(get_settings().available_to != "nobody"),
        OpenItem.PROMPTS: MpesaPayment.objects.live().count(),
        OpenItem.CONFIRMATIONS: sum(each.is_confirming(now) for each in _reported_payments(now)),
        OpenItem.CALLBACKS: MpesaCallback.objects.filter(verdict__in=UNFINISHED).count(),
        OpenItem.UNMATCHED: _real(MpesaReceipt.objects.counted().needing_decision()).count(),
        OpenItem.PART_PAID: _part_paid_orders().count(),
        OpenItem.CLAIMS: _real(MpesaClaim.objects.filter(status=ClaimStatus.OPEN)).count(),
        OpenItem.REFUNDS: MpesaRefund.objects.filter(status__in=RESERVING).count(),
        OpenItem.BOOKS: _unbooked_entries().count(),
        OpenItem.MESSAGES: MpesaOutboxMessage.objects.filter(delivered_at=None).count(),
    }
    return {item: count for item, count in found.items() if count}


def orders_by_status(statuses: Iterable[str]) -> dict[str, int]:
    """Return how many orders of the shop have each of these statuses, without those that no order has."""
    counts = Order.objects.order_by().filter(status__in=list(statuses)).values_list("status").annotate(Count("pk"))
    return dict(counts)


def _real(rows: Any) -> Any:
    return rows.filter(environment__in=environments())


def _reported_payments(now: datetime) -> QuerySet[MpesaPayment]:
    return MpesaPayment.objects.filter(confirming_since__gt=now - CONFIRMATION_TIME)


def _part_paid_orders() -> QuerySet[MpesaOrder]:
    """Return the unpaid orders for which some money counts."""
    entries = MpesaAllocation.objects.active().filter(order=OuterRef("pk"))
    return MpesaOrder.objects.awaiting_payment().filter(Exists(entries))


def _unbooked_entries() -> QuerySet[MpesaAllocation]:
    """Return the entries of orders that the shop's books lack."""
    is_new = Q(reversed_at=None, booked_at=None)
    is_reversed = Q(reversed_at__isnull=False, booked_at__isnull=False, reversal_booked_at=None)
    is_due = Q(next_try_at__isnull=False)
    return MpesaAllocation.objects.filter(is_new | is_reversed | is_due, order__isnull=False)
