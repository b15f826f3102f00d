"""Read what Oscar's books say about an order's money, and compare it with the ledger."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import F, Sum

from oscar_mpesa.models import MpesaAllocation, MpesaRefund


def sources(order: Any) -> list[tuple[Any, ...]]:
    """Return the reference and the allocated, debited and refunded amounts of each Source."""
    fields = ("reference", "amount_allocated", "amount_debited", "amount_refunded")
    return list(order.sources.order_by("pk").values_list(*fields))


def transactions(order: Any) -> list[tuple[Any, ...]]:
    """Return the type, amount, reference and status of each Transaction."""
    prefix = "transactions__"
    fields = (f"{prefix}txn_type", f"{prefix}amount", f"{prefix}reference", f"{prefix}status")
    return list(order.sources.order_by(f"{prefix}pk").values_list(*fields))


def payment_events(order: Any) -> list[tuple[Any, ...]]:
    """Return the type, amount, reference and number of lines of each PaymentEvent."""
    events = order.payment_events.order_by("pk")
    return [(each.event_type.name, each.amount, each.reference, each.line_quantities.count()) for each in events]


def net_of_books(order: Any) -> int:
    """Return what the order's M-PESA Sources debited, less what they refunded; it must be what the ledger counts."""
    ours = order.sources.filter(source_type__code="mpesa")
    net = ours.aggregate(net=Sum(F("amount_debited") - F("amount_refunded")))["net"] or Decimal(0)
    assert net == _net_of_ledger(order)
    return int(net)


def _net_of_ledger(order: Any) -> Decimal:
    booked = MpesaAllocation.objects.active().filter(order=order, booked_at__isnull=False)
    refunds = MpesaRefund.objects.filter(allocation__in=booked, status="completed")
    counted = booked.aggregate(total=Sum("amount"))["total"] or Decimal(0)
    return counted - (refunds.aggregate(total=Sum("amount"))["total"] or Decimal(0))
