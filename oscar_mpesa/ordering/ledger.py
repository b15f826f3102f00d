"""Oscar's books of a receipt: a Source, its Transaction, a PaymentEvent, and the order's status."""

from __future__ import annotations

from typing import Any

from oscar.core.loading import get_class, get_model

from oscar_mpesa.models import MpesaReceipt
from oscar_mpesa.ordering.statuses import paid_status

SourceType = get_model("payment", "SourceType")
Source = get_model("payment", "Source")
Transaction = get_model("payment", "Transaction")
PaymentEvent = get_model("order", "PaymentEvent")
PaymentEventType = get_model("order", "PaymentEventType")

#: Oscar's names for our kind of source and of event.
SOURCE_CODE, SOURCE_NAME, EVENT_NAME = "mpesa", "M-Pesa", "Paid"


def write(receipt: MpesaReceipt, order: Any) -> None:
    """Write a receipt's money into the shop's books, or its number where the money stands there already.

    The order's row is locked and the caller holds a savepoint. A receipt is one Source, known by ``label``: the
    receipt's payment. Raises what the shop's own code raises (``InvalidOrderStatus``, a receiver's error).
    """
    label = f"payment {receipt.payment_id}" if receipt.payment_id else ""
    if receipt.pk and Source.objects.filter(order=order, source_type__code=SOURCE_CODE, label=label).exists():
        _name(receipt, order, label)
        return
    _debit(receipt, order, label)
    _pay(receipt, order)


def _debit(receipt: MpesaReceipt, order: Any, label: str) -> None:
    source_type, _ = SourceType.objects.get_or_create(code=SOURCE_CODE, defaults={"name": SOURCE_NAME})
    source = Source.objects.create(
        order=order,
        source_type=source_type,
        currency=order.currency,
        amount_allocated=receipt.amount,
        reference=receipt.number or "",
        label=label,
    )
    source.debit(receipt.amount, reference=receipt.number or "", status=receipt.environment)


def _pay(receipt: MpesaReceipt, order: Any) -> None:
    handler = get_class("order.processing", "EventHandler")()
    event_type, _ = PaymentEventType.objects.get_or_create(name=EVENT_NAME)
    lines = list(order.lines.all())
    handler.handle_payment_event(
        order,
        event_type,
        receipt.amount,
        lines,
        [line.quantity for line in lines],
        reference=receipt.number or "",
    )
    handler.handle_order_status_change(order, paid_status())


def _name(receipt: MpesaReceipt, order: Any, label: str) -> None:
    """Safaricom told the receipt's number after its money was written."""
    number = receipt.number or ""
    sources = Source.objects.filter(order=order, source_type__code=SOURCE_CODE, label=label, reference="")
    named = list(sources.values_list("pk", flat=True))
    Transaction.objects.filter(source_id__in=named, reference="").update(reference=number)
    Source.objects.filter(pk__in=named).update(reference=number)
    PaymentEvent.objects.filter(order=order, event_type__name=EVENT_NAME, reference="").update(reference=number)
