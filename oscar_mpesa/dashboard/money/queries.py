"""Receipts by what staff know of them, and those that need a decision."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import QuerySet
from oscar.core.loading import get_model

from oscar_mpesa.dashboard.dates import day_after, midnight
from oscar_mpesa.dashboard.orders import spellings
from oscar_mpesa.models import EventType, MpesaEvent, MpesaReceipt
from oscar_mpesa.models.fields import EnvironmentField
from oscar_mpesa.models.receipts import NEEDS_DECISION as ALLOCATIONS_TO_DECIDE

Order = get_model("order", "Order")

#: Limit of each half of the receipts that need a decision.
_MOST_UNDECIDED = 1_000

#: The unique index of M-PESA codes begins with the environment.
_ENVIRONMENTS = [value for value, _ in EnvironmentField.CHOICES]


def undecided_receipt_ids() -> list[int]:
    """Return the ids of the oldest receipts that need a decision; two queries.

    One query finds unmatched receipts, the other receipts of cancelled orders. No database uses its indexes for an OR
    over both tables. The second query reads the events that record a cancelled paid order, because these are few.
    """
    receipts = MpesaReceipt.objects.order_by()
    unmatched = receipts.filter(allocation__in=ALLOCATIONS_TO_DECIDE).order_by("paid_at", "pk")
    cancelled_orders = MpesaEvent.objects.order_by().filter(type=EventType.ORDER_CANCELED_PAID).values("mpesa_order_id")
    of_cancelled = receipts.filter(order_id__in=cancelled_orders).select_related("order")
    to_refund = [receipt.pk for receipt in of_cancelled if receipt.is_of_cancelled_order]
    return [*unmatched.values_list("pk", flat=True)[:_MOST_UNDECIDED], *to_refund[:_MOST_UNDECIDED]]


def filter_receipts(filters: dict[str, Any]) -> QuerySet[MpesaReceipt]:
    """Return the receipts that match all filters, newest payment first, with their orders."""
    receipts = MpesaReceipt.objects.select_related("order").order_by("-paid_at", "-pk")
    if filters.get("allocation"):
        receipts = receipts.filter(allocation=filters["allocation"])
    if filters.get("code"):
        receipts = receipts.filter(environment__in=_ENVIRONMENTS, number=filters["code"])
    if filters.get("amount"):
        receipts = receipts.filter(amount=filters["amount"])
    if filters.get("order"):
        receipts = receipts.filter(pk__in=_ids_of_order(filters["order"]))
    return paid_between(receipts, filters.get("since"), filters.get("until"))


def _ids_of_order(number: str) -> QuerySet[Any]:
    """Return ids of receipts matched to an order, paid by its prompts, or moved from it to another order."""
    orders = Order.objects.order_by().filter(number__in=spellings(number)).values("pk")
    receipts, events = MpesaReceipt.objects.order_by(), MpesaEvent.objects.order_by()
    # A union, because no database uses its indexes for an OR over several tables.
    return (
        receipts.filter(order_id__in=orders)
        .values("pk")
        .union(
            receipts.filter(payment__mpesa_order_id__in=orders).values("pk"),
            events.filter(mpesa_order_id__in=orders, receipt__isnull=False).values("receipt_id"),
        )
    )


def paid_between(receipts: QuerySet[MpesaReceipt], first: date | None, last: date | None) -> QuerySet[MpesaReceipt]:
    """Return the receipts paid from ``first`` to ``last`` in Nairobi, both included; None is no limit."""
    if first:
        receipts = receipts.filter(paid_at__gte=midnight(first))
    if last:
        receipts = receipts.filter(paid_at__lt=midnight(day_after(last)))
    return receipts
