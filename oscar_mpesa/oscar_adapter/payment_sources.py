"""Oscar's books of a receipt: a Source, its Transaction, a PaymentEvent, and the order's status."""

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

#: Oscar's names for our kind of source and of event.
SOURCE_CODE, SOURCE_NAME, EVENT_NAME = "mpesa", "M-Pesa", "Paid"


def book_receipt(receipt: MpesaReceipt, order: Any) -> None:
    """Write a receipt's money into the shop's books; where it is booked already, bring them in line with the receipt.

    The order's row is locked and the caller holds a savepoint. A receipt is one Source, known by its ``label``.
    Raises what the shop's own code raises (``InvalidOrderStatus``, a receiver's error).
    """
    if receipt.booked_at is None:
        _debit(receipt, order)
        _pay(receipt, order)
    else:
        _correct(receipt, order)


def refund_receipt(receipt: MpesaReceipt, order: Any, *, amount: Decimal, reference: str) -> None:
    """Write into the shop's books that so much of a receipt's money was sent back.

    The order's row is locked. Raises the Source's ``DoesNotExist`` where the books do not know the money.
    """
    source = _source_of(receipt, order)
    source.refund(amount, reference=reference, status=receipt.environment)


def _label(receipt: MpesaReceipt) -> str:
    return f"payment {receipt.payment_id}" if receipt.payment_id else f"code {receipt.number}"


def _debit(receipt: MpesaReceipt, order: Any) -> None:
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


def _pay(receipt: MpesaReceipt, order: Any) -> None:
    handler = get_class("order.processing", "EventHandler")()
    earlier = Exists(order.payment_events.filter(event_type=OuterRef("pk")))
    event_type, _ = PaymentEventType.objects.annotate(is_paid_before=earlier).get_or_create(name=EVENT_NAME)
    # Oscar lets each line be paid once: money that takes the place of returned money is an event without lines.
    lines = [] if getattr(event_type, "is_paid_before", False) else list(order.lines.all())
    handler.handle_payment_event(
        order,
        event_type,
        receipt.amount,
        lines,
        [line.quantity for line in lines],
        reference=receipt.number or "",
    )
    handler.handle_order_status_change(order, paid_status())


def _correct(receipt: MpesaReceipt, order: Any) -> None:
    """The receipt's number or amount was told after its money was booked."""
    source = _source_of(receipt, order)
    told = {"reference": receipt.number or "", "amount": receipt.amount}
    source.transactions.filter(txn_type=Transaction.DEBIT).update(**told)
    order.payment_events.filter(event_type__name=EVENT_NAME, reference=source.reference).update(**told)
    source.reference, source.label = told["reference"], _label(receipt)
    source.amount_allocated = source.amount_debited = receipt.amount
    source.save()


def _source_of(receipt: MpesaReceipt, order: Any) -> Any:
    """By its label; a receipt that got its payment since has another one, and is the one not wholly refunded."""
    sources = Source.objects.filter(order=order, source_type__code=SOURCE_CODE)
    return sources.filter(label=_label(receipt)).last() or sources.filter(
        amount_refunded__lt=F("amount_debited")
    ).latest("pk")
