"""Record a receipt in Oscar's tables: a Source, its Transaction, a PaymentEvent and the order's status."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import Exists, F, OuterRef
from oscar.core.loading import get_class, get_model

from oscar_mpesa.models import MpesaReceipt
from oscar_mpesa.oscar_adapter.order_status import paid_status

SourceType = get_model("payment", "SourceType")
Source = get_model("payment", "Source")
Transaction = get_model("payment", "Transaction")
PaymentEventType = get_model("order", "PaymentEventType")

#: Code and name of the SourceType, and name of the PaymentEventType.
SOURCE_CODE, SOURCE_NAME, EVENT_NAME = "mpesa", "M-PESA", "Paid"


def book_receipt(receipt: MpesaReceipt, order: Any) -> None:
    """Record a receipt as one Source of its order, or correct the Source if the receipt is booked already.

    Call it with the order's row locked, inside a savepoint. The Source's ``label`` names the receipt.
    Raises what the shop's own code raises (``InvalidOrderStatus``, a receiver's error).
    """
    if receipt.booked_at is None:
        _create_source(receipt, order)
        _record_payment_event(receipt, order)
    else:
        _correct_source(receipt, order)


def refund_receipt(receipt: MpesaReceipt, order: Any, *, amount: Decimal, reference: str) -> None:
    """Record a refund of a receipt on its Source.

    Call it with the order's row locked. Raises ``Source.DoesNotExist`` if the receipt has no Source.
    """
    source = _get_source(receipt, order)
    source.refund(amount, reference=reference, status=receipt.environment)


def _label(receipt: MpesaReceipt) -> str:
    return f"payment {receipt.payment_id}" if receipt.payment_id else f"code {receipt.number}"


def _create_source(receipt: MpesaReceipt, order: Any) -> None:
    source_type, _ = SourceType.objects.get_or_create(code=SOURCE_CODE, defaults={"name": SOURCE_NAME})
    source = Source.objects.create(
        order=order,
        source_type=source_type,
        currency=order.currency,
        amount_allocated=receipt.amount,
        reference=receipt.number or "",
        label=_label(receipt),
    )
    source.debit(receipt.amount, reference=receipt.number or "", status=receipt.environment)


def _record_payment_event(receipt: MpesaReceipt, order: Any) -> None:
    handler = get_class("order.processing", "EventHandler")()
    earlier = Exists(order.payment_events.filter(event_type=OuterRef("pk")))
    event_type, _ = PaymentEventType.objects.annotate(was_paid_before=earlier).get_or_create(name=EVENT_NAME)
    # Oscar lets each line be paid once. A payment that replaces refunded money gets an event without lines.
    lines = [] if getattr(event_type, "was_paid_before", False) else list(order.lines.all())
    handler.handle_payment_event(
        order,
        event_type,
        receipt.amount,
        lines,
        [line.quantity for line in lines],
        reference=receipt.number or "",
    )
    handler.handle_order_status_change(order, paid_status())


def _correct_source(receipt: MpesaReceipt, order: Any) -> None:
    """Copy a number or an amount that arrived after the receipt was booked."""
    source = _get_source(receipt, order)
    corrected = {"reference": receipt.number or "", "amount": receipt.amount}
    source.transactions.filter(txn_type=Transaction.DEBIT).update(**corrected)
    order.payment_events.filter(event_type__name=EVENT_NAME, reference=source.reference).update(**corrected)
    source.reference, source.label = corrected["reference"], _label(receipt)
    source.amount_allocated = source.amount_debited = receipt.amount
    source.save()


def _get_source(receipt: MpesaReceipt, order: Any) -> Any:
    """Find the Source by its label, else the newest one that is not fully refunded.

    The label no longer matches if the receipt was linked to its payment after it was booked.
    """
    sources = Source.objects.filter(order=order, source_type__code=SOURCE_CODE)
    return sources.filter(label=_label(receipt)).last() or sources.filter(
        amount_refunded__lt=F("amount_debited")
    ).latest("pk")
