"""Implement the services' port for Oscar: payment sources, stock and emails."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from oscar_mpesa.models import MessageKind, MpesaAllocation, MpesaOutboxMessage, MpesaRefund, SkipReason
from oscar_mpesa.oscar_adapter import emails, order_placed_email, payment_sources, stock
from oscar_mpesa.oscar_adapter.own_changes import own_change
from oscar_mpesa.oscar_adapter.preview_adapter import PreviewAdapter
from oscar_mpesa.services.ports import BookIds, BookTotals, ShopAdapter, StockSnapshot

EMAILS = {
    MessageKind.PAID_EMAIL: order_placed_email.send_order_placed,
    MessageKind.FAILED_EMAIL: emails.send_payment_failed,
    MessageKind.PART_PAID_EMAIL: emails.send_part_paid,
    MessageKind.PAY_LATER_EMAIL: emails.send_pay_later,
    MessageKind.CLOSED_EMAIL: emails.send_order_closed,
    MessageKind.UNMATCHED_EMAIL: emails.send_receipt_unmatched,
    MessageKind.REFUND_EMAIL: emails.send_refund,
}


class OscarAdapter:
    """``ShopAdapter`` for django-oscar. ``services/ports.py`` documents what each method promises."""

    def write_allocation(self, allocation: MpesaAllocation, order: Any, *, completes: bool) -> BookIds:
        """Create a Source, its debit and a PaymentEvent."""
        with own_change(order):
            return payment_sources.write_allocation(allocation, order, completes=completes)

    def reverse_allocation(self, allocation: MpesaAllocation, order: Any, *, amount: Decimal) -> None:
        """Lower the allocation's Source."""
        with own_change(order):
            payment_sources.reverse_allocation(allocation, order, amount=amount)

    def name_allocation(self, allocation: MpesaAllocation, order: Any) -> None:
        """Write the code into the Source, its Transactions and the PaymentEvent."""
        with own_change(order):
            payment_sources.name_allocation(allocation)

    def write_refund(self, refund: MpesaRefund, order: Any) -> None:
        """Refund the allocation's Source."""
        with own_change(order):
            payment_sources.write_refund(refund)

    def void_refund(self, refund: MpesaRefund, order: Any) -> None:
        """Lower the Source's refunded amount."""
        with own_change(order):
            payment_sources.void_refund(refund)

    def mark_paid(self, order: Any) -> None:
        """Set the paid status through Oscar's ``EventHandler``."""
        payment_sources.mark_paid(order)

    def mark_pending(self, order: Any) -> None:
        """Set the pending status through Oscar's ``EventHandler``."""
        payment_sources.mark_pending(order)

    def other_payments(self, order: Any) -> Decimal:
        """Add up the other Sources."""
        return payment_sources.other_payments(order)

    def book_totals(self, order_ids: Sequence[int]) -> dict[int, BookTotals]:
        """Add up the Sources of each order."""
        return payment_sources.book_totals(order_ids)

    def retake_stock(self, order: Any, stock_snapshot: StockSnapshot) -> bool:
        """Take stock, vouchers and offers again."""
        with own_change(order):
            return stock.retake_stock(order, stock_snapshot)

    def release_stock(self, order: Any) -> StockSnapshot:
        """Release stock through Oscar's ``EventHandler``, and set the expired status."""
        with own_change(order):
            return stock.release_stock(order)

    def send_email(self, message: MpesaOutboxMessage) -> SkipReason | None:
        """Send through Oscar's ``OrderDispatcher``. Raises what the email backend raises."""
        return EMAILS[MessageKind(message.kind)](message)

    def for_preview(self) -> ShopAdapter:
        """Return the adapter of previews."""
        return PreviewAdapter()
