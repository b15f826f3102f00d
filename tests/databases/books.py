"""Compare the shop's money with Safaricom's ledger, after any disaster."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

from django.db.models import Sum
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaAllocation, MpesaClaim, MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.services.ledger_check import check_ledger
from tests.databases.emails import delivered
from tests.databases.shared_daraja import SharedDaraja

Order = get_model("order", "Order")
Line = get_model("order", "Line")
PaymentEvent = get_model("order", "PaymentEvent")
Source = get_model("payment", "Source")
StockRecord = get_model("partner", "StockRecord")


def statuses() -> dict[str, int]:
    """Return the number of payments by status."""
    return Counter(MpesaPayment.objects.values_list("status", flat=True))


def assert_sums_agree() -> None:
    """Assert that receipts, entries, cached sums, Oscar's books and the stock agree, whatever happened.

    The sums are added up here too, so that a wrong check is found.
    """
    for receipt in MpesaReceipt.objects.all():
        entries = receipt.allocations.filter(reversed_at=None)
        assert receipt.unallocated == receipt.amount - amount_of(entries) - amount_of(refunds_of(receipt, None))
        assert receipt.unallocated >= 0
        assert (receipt.status in {"unmatched", "overpaid", "wrong_amount"}) is (receipt.unallocated > 0)
    for mpesa_order in MpesaOrder.objects.select_related("order").exclude(balance=None):
        assert_order_agrees(mpesa_order)
    assert_claims_agree()
    assert_sources_agree()
    assert_stock_agrees()
    assert [str(each) for each in check_ledger()] == []


def amount_of(rows: Any) -> Decimal:
    """Return the sum of the rows' amounts, in shillings."""
    return Decimal(rows.order_by().aggregate(sum=Sum("amount"))["sum"] or 0)


def refunds_of(receipt: MpesaReceipt, allocation: MpesaAllocation | None, **about: Any) -> Any:
    """Return the completed refunds of a receipt from one allocation, or from its unallocated amount."""
    return receipt.refunds.filter(allocation=allocation, status="completed", **about)


def worth_of(entry: MpesaAllocation) -> Decimal:
    """Return what an entry is worth: its amount without its refunds."""
    return entry.amount - (amount_of(refunds_of(entry.receipt, entry)) if entry.receipt else 0)


def assert_order_agrees(mpesa_order: MpesaOrder) -> None:
    """Assert that an order's cached sums are those of its entries, and that it never counts more than it owes."""
    order = mpesa_order.order
    active = list(MpesaAllocation.objects.filter(order=order, reversed_at=None))
    owed = Decimal(0) if order.status == "Cancelled" else order.total_incl_tax
    credited = [amount_of(refunds_of(each.receipt, each, purpose="credit")) for each in active if each.receipt]
    balance = owed - sum(credited) - sum(worth_of(each) for each in active)
    assert mpesa_order.balance == balance
    assert mpesa_order.is_paid is (
        bool(active) and balance == 0 and order.status != "Cancelled" and mpesa_order.closed_at is None
    )
    assert balance >= 0
    assert mpesa_order.paid_count - mpesa_order.unpaid_count == mpesa_order.is_paid


def assert_claims_agree() -> None:
    """Assert that each code counts once: an open claim's code is no receipt's, and an ended claim counts nothing."""
    open_numbers = set(MpesaClaim.objects.filter(status="open").values_list("number", flat=True))
    assert not MpesaReceipt.objects.filter(number__in=open_numbers).exists()
    assert (
        not MpesaAllocation.objects.filter(reversed_at=None).exclude(claim=None).exclude(claim__status="open").exists()
    )


def assert_sources_agree() -> None:
    """Assert that Oscar has a Source for each booked allocation, with what the allocation is worth."""
    entries = MpesaAllocation.objects.filter(order__isnull=False).select_related("receipt", "claim")
    sources = Source.objects.filter(source_type__code="mpesa").in_bulk()
    booked = {each.oscar_source_id: each for each in entries if each.booked_at}
    assert set(booked) == set(sources)
    assert not [each for each in entries if each.booked_at is None and each.reversed_at is None]
    net: defaultdict[int, Decimal] = defaultdict(Decimal)
    for key, entry in booked.items():
        source, net_of_source = sources[key], sources[key].amount_debited - sources[key].amount_refunded
        assert source.order_id == entry.order_id
        assert source.amount_debited == amount_of(source.transactions.exclude(txn_type="Refund"))
        net[source.order_id] += net_of_source
    worth: defaultdict[int, Decimal] = defaultdict(Decimal)
    for entry in entries.filter(reversed_at=None):
        worth[entry.order_id or 0] += worth_of(entry)
    assert without_zeros(net) == without_zeros(worth)


def without_zeros(sums: dict[int, Decimal]) -> dict[int, Decimal]:
    """Return the sums that are not nothing."""
    return {key: amount for key, amount in sums.items() if amount}


def assert_stock_agrees() -> None:
    """Assert that the stock records hold what the lines of open orders allocate."""
    for record in StockRecord.objects.all():
        lines = Line.objects.filter(stockrecord=record)
        assert (record.num_allocated or 0) == (lines.aggregate(sum=Sum("num_allocated"))["sum"] or 0)


def assert_books_agree(daraja: SharedDaraja) -> None:
    """Assert that Safaricom's ledger, our receipts, Oscar's books and the stock agree."""
    assert dict(MpesaReceipt.objects.values_list("number", "amount")) == daraja.ledger
    assert max(Counter(daraja.pushes).values(), default=0) <= 1
    assert_sums_agree()
    for order in Order.objects.prefetch_related("mpesa_receipts", "mpesa_allocations"):
        receipts, entries = list(order.mpesa_receipts.all()), list(order.mpesa_allocations.all())
        assert (len(receipts), order.status) in {(1, "Being processed"), (0, "Payment expired")}
        assert [(each.receipt_id, each.amount) for each in entries] == [(each.pk, 1500) for each in receipts]
        assert_booked_once(entries)
        assert order.mpesa.is_closed is not bool(receipts)
    allocated = sum(record.num_allocated or 0 for record in StockRecord.objects.all())
    assert allocated == len(daraja.ledger)


def assert_booked_once(entries: list[MpesaAllocation]) -> None:
    """Assert that the allocations are the only ones in Oscar's books of their orders, with their numbers."""
    for entry in entries:
        source = Source.objects.get(order=entry.order_id)
        transaction, event = source.transactions.get(), PaymentEvent.objects.get(order=entry.order_id)
        assert (source.pk, event.pk) == (entry.oscar_source_id, entry.oscar_event_id)
        assert {source.amount_debited, transaction.amount, event.amount} == {Decimal(1500)}
        assert {source.reference, transaction.reference, event.reference} == {entry.number}


def assert_money_counts_once(daraja: SharedDaraja, *, emails: int = 1, calls: int = 1) -> None:
    """Assert that the books agree and the messages are delivered.

    ``emails`` and ``calls`` are how often the shopper and the shop's code hear of a paid order.
    They hear twice if the process is killed between the delivery and its record.
    """
    assert_books_agree(daraja)
    deliveries = Counter(delivered())
    for order in Order.objects.prefetch_related("mpesa_receipts"):
        payments = len(order.mpesa_receipts.all())
        assert deliveries[f"TEST: Confirmation of order {order.number}"] == emails * payments
        assert deliveries[f"Pack order {order.number}"] == calls * payments
        closings = order.mpesa.events.filter(type="order_closed").count()
        assert deliveries[f"TEST: Order {order.number} is closed"] == closings <= 1


def assert_paid_once(payment: MpesaPayment, *, number: str | None) -> None:
    """Assert that the payment, its order and Oscar's books hold the money once."""
    payment.refresh_from_db()
    mpesa_order = MpesaOrder.objects.select_related("order").get(pk=payment.order_id)
    receipt = MpesaReceipt.objects.get(meant_for=mpesa_order.pk)
    entry = MpesaAllocation.objects.get(order=mpesa_order.pk, reversed_at=None)
    assert (payment.status, payment.live_order) == ("completed", None)
    assert (mpesa_order.order.status, mpesa_order.is_paid, mpesa_order.balance) == ("Being processed", True, 0)
    assert (receipt.number, receipt.status, receipt.unallocated) == (number, "matched", 0)
    assert (entry.receipt_id, entry.amount, entry.error) == (receipt.pk, Decimal(1500), "")
    assert_booked_once([entry])
