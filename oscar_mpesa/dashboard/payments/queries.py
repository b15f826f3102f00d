"""Payments with exactly the columns and rows that the list and the export show."""

from __future__ import annotations

from django.db.models import Prefetch, QuerySet

from oscar_mpesa.models import MpesaAllocation, MpesaPayment, MpesaReceipt

#: Columns of three wide tables. A forked order can have any number more.
COLUMNS = (
    "phone",
    "amount",
    "status",
    "environment",
    "result_code",
    "created_at",
    "ended_at",
    "mpesa_order__order__number",
)

#: Relations that hold a customer's name.
CUSTOMERS = tuple(f"mpesa_order__order__{relation}" for relation in ("user", "shipping_address", "billing_address"))


def with_receipts(payments: QuerySet[MpesaPayment]) -> QuerySet[MpesaPayment]:
    """Load the order's number and the payment's own receipt with each payment."""
    receipts = MpesaReceipt.objects.order_by("pk").only("number", "status", "payment")
    with_order = payments.select_related("mpesa_order__order").only(*COLUMNS)
    return with_order.prefetch_related(Prefetch("receipts", queryset=receipts))


def with_customers(payments: QuerySet[MpesaPayment]) -> QuerySet[MpesaPayment]:
    """Load the order's customer, and what counts for the order, with each payment."""
    entries = MpesaAllocation.objects.active().select_related("receipt", "claim").order_by("pk")
    entries = entries.only("order", "receipt__number", "claim__number")
    named = payments.select_related(*CUSTOMERS).only(
        *COLUMNS, *(f"{relation}__{part}" for relation in CUSTOMERS for part in ("first_name", "last_name"))
    )
    return named.prefetch_related(Prefetch("mpesa_order__order__mpesa_allocations", queryset=entries))
