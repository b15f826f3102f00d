"""Implement the services' port for Oscar: payment sources, stock and emails."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from oscar_mpesa.models import MessageKind, MpesaOutboxMessage, MpesaReceipt
from oscar_mpesa.oscar_adapter import emails, payment_sources, stock
from oscar_mpesa.services.ports import StockSnapshot

EMAILS = {
    MessageKind.PAID_EMAIL: emails.send_order_placed,
    MessageKind.FAILED_EMAIL: emails.send_payment_failed,
    MessageKind.PAY_LATER_EMAIL: emails.send_pay_later,
    MessageKind.CLOSED_EMAIL: emails.send_order_closed,
    MessageKind.UNMATCHED_EMAIL: emails.send_receipt_unmatched,
}


class OscarAdapter:
    """``ShopAdapter`` for django-oscar. ``services/ports.py`` documents what each method promises."""

    def write_books(self, receipt: MpesaReceipt, order: Any, *, stock_snapshot: StockSnapshot | None) -> bool:
        """Retake the stock of a closed order, then write Source, Transaction, PaymentEvent and order status."""
        if stock_snapshot is not None and not stock.retake_stock(order, stock_snapshot):
            return False
        payment_sources.book_receipt(receipt, order)
        return True

    def refund_books(self, receipt: MpesaReceipt, order: Any, *, amount: Decimal, reference: str) -> None:
        """Refund the receipt's Source."""
        payment_sources.refund_receipt(receipt, order, amount=amount, reference=reference)

    def release_stock(self, order: Any) -> StockSnapshot:
        """Release stock through Oscar's ``EventHandler``, and set the expired status."""
        return stock.release_stock(order)

    def send_email(self, message: MpesaOutboxMessage) -> None:
        """Send through Oscar's ``OrderDispatcher``. Raises what the email backend raises."""
        EMAILS[MessageKind(message.kind)](message)
