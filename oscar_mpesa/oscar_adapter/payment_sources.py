"""Write allocations and refunds into Oscar's books: a Source for each allocation, its Transactions and PaymentEvents.

Rows are found by the ids that the allocation keeps, never by their text. What a shop deleted is left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from oscar.core.loading import get_class, get_model

from oscar_mpesa.conf import PRODUCTION, get_settings
from oscar_mpesa.models import MpesaAllocation, MpesaRefund
from oscar_mpesa.oscar_adapter.order_status import paid_status
from oscar_mpesa.oscar_adapter.own_changes import own_change
from oscar_mpesa.services.ports import BookIds, BookTotals

SourceType = get_model("payment", "SourceType")
Source = get_model("payment", "Source")
Transaction = get_model("payment", "Transaction")
PaymentEvent = get_model("order", "PaymentEvent")
PaymentEventType = get_model("order", "PaymentEventType")
PaymentEventQuantity = get_model("order", "PaymentEventQuantity")

#: Code and name of the SourceType, and names of the PaymentEventTypes.
SOURCE_CODE, SOURCE_NAME = "mpesa", "M-PESA"
PAID_EVENT, PART_EVENT, REVERSAL_EVENT = "Paid", "Part payment", "Reversal"

#: The type of a Transaction that takes an allocation back. Oscar's own types are "Debit" and "Refund".
REVERSAL = "Reversal"

#: Words of ``Transaction.status``: what the money is.
CONFIRMED, REPORTED, SIMULATED, REVERSED, REFUNDED = "confirmed", "reported", "simulated", "reversed", "refunded"
REFUND_VOIDED = "refund voided"


def write_allocation(allocation: MpesaAllocation, order: Any, *, completes: bool) -> BookIds:
    """Create the Source of an allocation, its debit, and a PaymentEvent; return their ids.

    The event that completes an order is *Paid* and names each line with the quantity that is not paid yet. Other events
    are *Part payment*, without lines. Call it with the order's row locked, inside a savepoint. Raises what the shop's
    own code raises.
    """
    source_type, _ = SourceType.objects.get_or_create(code=SOURCE_CODE, defaults={"name": SOURCE_NAME})
    source = Source(
        order=order,
        source_type=source_type,
        currency=order.currency,
        amount_allocated=allocation.amount,
        reference=allocation.number,
        label=_label(allocation.pk),
    )
    source.debit(allocation.amount, reference=allocation.number, status=_status_of(allocation))
    event = _create_event(allocation, order, allocation.amount, PAID_EVENT if completes else PART_EVENT)
    return BookIds(source=source.pk, event=event.pk)


def reverse_allocation(allocation: MpesaAllocation, order: Any, *, amount: Decimal) -> None:
    """Lower an allocation's Source by ``amount``, with a negative Transaction and a negative PaymentEvent."""
    source = _source_of(allocation)
    if source is not None:
        source.amount_allocated -= amount
        source.amount_debited -= amount
        source.save()
        source.transactions.create(txn_type=REVERSAL, amount=-amount, reference=source.reference, status=REVERSED)
    _create_event(allocation, order, -amount, REVERSAL_EVENT)


def name_allocation(allocation: MpesaAllocation) -> None:
    """Write what Safaricom proved later: the M-PESA code, and that the money is confirmed. No amount changes."""
    source = _source_of(allocation)
    if source is not None:
        source.reference = allocation.number
        source.save()
        source.transactions.filter(txn_type=REVERSAL).update(reference=allocation.number)
        debits = source.transactions.filter(txn_type=Transaction.DEBIT)
        debits.update(reference=allocation.number, status=_status_of(allocation))
    PaymentEvent.objects.filter(pk=allocation.oscar_event_id).update(reference=allocation.number)


def write_refund(refund: MpesaRefund) -> None:
    """Record a completed refund on the Source of its allocation."""
    source = _source_of(refund.allocation)
    if source is not None:
        source.refund(refund.amount, reference=refund.code, status=REFUNDED)


def void_refund(refund: MpesaRefund) -> None:
    """Take back a refund that was recorded by mistake."""
    source = _source_of(refund.allocation)
    if source is not None:
        source.refund(-refund.amount, reference=refund.code, status=REFUND_VOIDED)


def mark_paid(order: Any) -> None:
    """Move a pending or expired order on to the paid status, where the shop's pipeline allows it.

    An order that staff moved on by hand keeps its status. Raises what the shop's own code raises.
    """
    with own_change(order, paid_status()):
        order.refresh_from_db()  # Oscar saves every column, and the shop's code may have written some
        if becomes_paid(order):
            handler = get_class("order.processing", "EventHandler")()
            handler.handle_order_status_change(order, paid_status())


def becomes_paid(order: Any) -> bool:
    """Return whether ``mark_paid`` changes the order's status."""
    settings = get_settings()
    is_unpaid = order.status in {settings.PENDING_STATUS, settings.EXPIRED_STATUS}
    return is_unpaid and paid_status() in order.available_statuses()


def mark_pending(order: Any) -> None:
    """Move an expired order back to the pending status, where the shop's pipeline allows it.

    Raises what the shop's own code raises.
    """
    settings = get_settings()
    with own_change(order, settings.PENDING_STATUS):
        order.refresh_from_db()  # as in mark_paid
        if becomes_pending(order):
            handler = get_class("order.processing", "EventHandler")()
            handler.handle_order_status_change(order, settings.PENDING_STATUS)


def becomes_pending(order: Any) -> bool:
    """Return whether ``mark_pending`` changes the order's status."""
    settings = get_settings()
    return order.status == settings.EXPIRED_STATUS and settings.PENDING_STATUS in order.available_statuses()


def other_payments(order: Any) -> Decimal:
    """Return what Sources of other payment methods debited, less what they refunded, in shillings. Makes one query.

    Sources that an allocation names are ours, also if the shop renamed their type. Other Sources of our type are left
    out too: the shop's own code may write a second one for the same money.
    """
    net = _other_sources([order.pk]).aggregate(
        net=Coalesce(Sum(F("amount_debited") - F("amount_refunded")), Decimal(0))
    )
    return Decimal(net["net"])


def other_payments_of(orders: QuerySet[Any]) -> dict[int, Decimal]:
    """Return the same by order for many orders, without those of which other methods took nothing. Makes one query."""
    totals: dict[int, Decimal] = defaultdict(Decimal)
    sources = _other_sources(orders.values("pk")).values_list("order_id", "amount_debited", "amount_refunded")
    for order_id, debited, refunded in sources:
        totals[order_id] += debited - refunded
    return {order_id: net for order_id, net in totals.items() if net}


def _other_sources(order_ids: Any) -> QuerySet[Any]:
    ours = MpesaAllocation.objects.filter(order_id__in=order_ids, oscar_source_id__isnull=False)
    others = Source.objects.order_by().filter(order_id__in=order_ids).exclude(source_type__code=SOURCE_CODE)
    sources: QuerySet[Any] = others.exclude(pk__in=ours.order_by().values("oscar_source_id"))
    return sources


def book_totals(order_ids: Sequence[int]) -> dict[int, BookTotals]:
    """Return what the Sources of some orders add up to: ours are those that allocations name. Makes two queries.

    A Source of our type with an allocation's label is ours too. If no allocation names it, it was written twice.
    """
    allocations = MpesaAllocation.objects.filter(order_id__in=order_ids).order_by()
    entries = list(allocations.values_list("pk", "order_id", "oscar_source_id"))
    ours = {source_id for _, _, source_id in entries}
    labels = {(order_id, _label(pk)) for pk, order_id, _ in entries}
    totals: dict[int, dict[str, Decimal]] = {}
    sources = Source.objects.filter(order_id__in=order_ids).select_related("source_type")
    for source in sources:
        total = totals.setdefault(source.order_id, {"ours": Decimal(0), "others": Decimal(0)})
        net = source.amount_debited - source.amount_refunded
        is_of_our_type = source.source_type.code == SOURCE_CODE
        if source.pk in ours or (is_of_our_type and (source.order_id, source.label) in labels):
            total["ours"] += net
        elif not is_of_our_type:
            total["others"] += net
    return {order_id: BookTotals(**total) for order_id, total in totals.items()}


def _status_of(allocation: MpesaAllocation) -> str:
    """Return what the money is: *reported* by staff and not seen yet, *simulated* in a test, else *confirmed*."""
    if allocation.environment != PRODUCTION:
        return SIMULATED
    return CONFIRMED if allocation.receipt_id is not None else REPORTED


def _label(allocation_id: int) -> str:
    return f"M-PESA {allocation_id}"


def _source_of(allocation: MpesaAllocation | None) -> Any:
    """Return an allocation's Source, or None if the shop deleted it."""
    return Source.objects.filter(pk=allocation.oscar_source_id).first() if allocation else None


def _create_event(allocation: MpesaAllocation, order: Any, amount: Decimal, name: str) -> Any:
    handler = get_class("order.processing", "EventHandler")()
    event_type, _ = PaymentEventType.objects.get_or_create(name=name)
    lines = _unpaid_quantities(order, event_type) if name == PAID_EVENT else {}
    return handler.handle_payment_event(
        order,
        event_type,
        amount,
        list(lines),
        list(lines.values()),
        reference=allocation.number,
    )


def _unpaid_quantities(order: Any, event_type: Any) -> dict[Any, int]:
    """Return the order's lines with the quantities that no *Paid* event names. Oscar lets each be paid once.

    Locks the lines. An event that names a line locks it weakly, and the paid status then updates it: without this lock,
    MariaDB would undo one of two status changes.
    """
    paid = PaymentEventQuantity.objects.order_by().filter(line_id=OuterRef("pk"), event__event_type=event_type)
    quantity = Coalesce(Subquery(paid.values("line_id").annotate(paid=Sum("quantity")).values("paid")), 0)
    lines = order.lines.select_for_update().order_by("pk").annotate(mpesa_paid=quantity)
    return {line: line.quantity - line.mpesa_paid for line in lines if line.quantity > line.mpesa_paid}
