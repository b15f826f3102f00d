"""Receipts and recorded payments by what staff know of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, Prefetch, Q, QuerySet, Sum
from oscar.core.loading import get_model

from oscar_mpesa.conf import PRODUCTION
from oscar_mpesa.dashboard.dates import day_after, midnight
from oscar_mpesa.dashboard.orders import searched_numbers
from oscar_mpesa.models import ClaimStatus, MpesaAllocation, MpesaClaim, MpesaReceipt
from oscar_mpesa.models.fields import EnvironmentField

Order = get_model("order", "Order")

#: The unique index of M-PESA codes begins with the environment.
ENVIRONMENTS = [value for value, _ in EnvironmentField.CHOICES]

#: The most rows that are added up.
MOST_SUMMED = 10_000

#: Relations of an order that hold its customer's name.
CUSTOMER = ("user", "shipping_address", "billing_address")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """The number of payments that arrived, their sum, and how much of it is unmatched."""

    number: int
    received: Decimal
    unmatched: Decimal


def with_entries(receipts: QuerySet[MpesaReceipt], *, customers: bool = False) -> QuerySet[MpesaReceipt]:
    """Return the receipts with the order they are meant for, their payment, entries, orders and refunds.

    With ``customers``, each order has its customer too.
    """
    people = CUSTOMER if customers else ()
    allocations = MpesaAllocation.objects.select_related("order", *(f"order__{each}" for each in people)).order_by("pk")
    meant = receipts.select_related("meant_for", "payment", *(f"meant_for__{each}" for each in people))
    return meant.prefetch_related(Prefetch("allocations", queryset=allocations), "refunds")


def sums_of(receipts: QuerySet[MpesaReceipt]) -> dict[bool, Sums] | None:
    """Return the sums of real money by True and of test money by False; None for more than ``MOST_SUMMED`` rows.

    Rows that repeat another one's money count once. Makes one query.
    """
    rows = receipts.filter(same_as=None).order_by()[: MOST_SUMMED + 1]
    is_real = Q(environment=PRODUCTION)
    conditions = {"real": is_real, "test": ~is_real}
    columns: dict[str, Any] = {"all": Count("pk")}
    for name, condition in conditions.items():
        columns[f"{name}_number"] = Count("pk", filter=condition)
        columns[f"{name}_received"] = Sum("amount", filter=condition)
        columns[f"{name}_unmatched"] = Sum("unallocated", filter=condition & Q(unallocated__gt=0))
    found = rows.aggregate(**columns)
    return None if found["all"] > MOST_SUMMED else {True: _sums(found, "real"), False: _sums(found, "test")}


def _sums(found: dict[str, Any], name: str) -> Sums:
    received, unmatched = (found[f"{name}_{sum_of}"] or Decimal(0) for sum_of in ("received", "unmatched"))
    return Sums(number=found[f"{name}_number"], received=received, unmatched=unmatched)


def filter_receipts(filters: dict[str, Any]) -> QuerySet[MpesaReceipt]:
    """Return the receipts that match all filters but the status, newest payment first, with entries and customers."""
    receipts = with_entries(MpesaReceipt.objects.order_by("-paid_at", "-pk"), customers=True)
    if filters.get("code"):
        receipts = receipts.filter(environment__in=ENVIRONMENTS, number=filters["code"])
    if filters.get("amount"):
        receipts = receipts.filter(amount=filters["amount"])
    if filters.get("order"):
        receipts = receipts.filter(pk__in=_ids_of_order(filters["order"]))
    return paid_between(receipts, filters.get("since"), filters.get("until"))


def filter_claims(filters: dict[str, Any]) -> QuerySet[MpesaClaim]:
    """Return the recorded payments that match all filters but the status, newest first, with their orders.

    Without a code or an order, only those that Safaricom has not reported yet.
    """
    claims = MpesaClaim.objects.select_related("order").order_by("-created_at", "-pk")
    if filters.get("code"):
        claims = claims.filter(number=filters["code"])
    if filters.get("order"):
        claims = claims.filter(order__number__in=searched_numbers(filters["order"]))
    if not filters.get("code") and not filters.get("order"):
        claims = claims.filter(status=ClaimStatus.OPEN)
    if filters.get("amount"):
        claims = claims.filter(amount=filters["amount"])
    return paid_between(claims, filters.get("since"), filters.get("until"))


def _ids_of_order(number: str) -> QuerySet[Any]:
    """Return ids of receipts meant for an order, or matched to it now or before."""
    orders = Order.objects.order_by().filter(number__in=searched_numbers(number)).values("pk")
    receipts, allocations = MpesaReceipt.objects.order_by(), MpesaAllocation.objects.order_by()
    # A union, because no database uses its indexes for an OR over several tables.
    return (
        receipts.filter(meant_for_id__in=orders)
        .values("pk")
        .union(allocations.filter(order_id__in=orders, receipt__isnull=False).values("receipt_id"))
    )


def paid_between(rows: QuerySet[Any], first: date | None, last: date | None) -> QuerySet[Any]:
    """Return the rows paid from ``first`` to ``last`` in Nairobi, both included; None is no limit."""
    if first:
        rows = rows.filter(paid_at__gte=midnight(first))
    if last:
        rows = rows.filter(paid_at__lt=midnight(day_after(last)))
    return rows
