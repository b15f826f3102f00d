"""Payments with exactly the columns and rows that the list and the export show."""

from __future__ import annotations

from django.db.models import Prefetch, QuerySet

from oscar_mpesa.models import MpesaPayment, MpesaReceipt

#: Columns of three wide tables. A forked order can have any number more.
COLUMNS = (
    "phone",
    "amount",
    "status",
    "on_hold",
    "environment",
    "result_code",
    "created_at",
    "ended_at",
    "mpesa_order__order__number",
)

#: Relations that hold a customer's name.
CUSTOMERS = tuple(f"mpesa_order__order__{relation}" for relation in ("user", "shipping_address", "billing_address"))


def with_receipts(payments: QuerySet[MpesaPayment]) -> QuerySet[MpesaPayment]:
    """Load the order's number and the payment's own receipts with each payment."""
    receipts = MpesaReceipt.objects.order_by("pk").only("number", "allocation", "payment")
    with_order = payments.select_related("mpesa_order__order").only(*COLUMNS)
    return with_order.prefetch_related(Prefetch("receipts", queryset=receipts))


def with_customers(payments: QuerySet[MpesaPayment]) -> QuerySet[MpesaPayment]:
    """Load the order's customer and the order's receipts with each payment."""
    receipts = MpesaReceipt.objects.order_by("pk").only("number", "allocation", "order")
    named = payments.select_related(*CUSTOMERS).only(
        *COLUMNS, *(f"{relation}__{part}" for relation in CUSTOMERS for part in ("first_name", "last_name"))
    )
    return named.prefetch_related(Prefetch("mpesa_order__order__mpesa_receipts", queryset=receipts))
