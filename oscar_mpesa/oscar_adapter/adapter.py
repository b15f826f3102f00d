"""Implement the services' port for Oscar: its books, its stock and its emails."""

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
    """The ``ShopAdapter`` for django-oscar; ``lifecycle/ports.py`` says what each method promises."""

    def write_books(self, receipt: MpesaReceipt, order: Any, *, stock_snapshot: StockSnapshot | None) -> bool:
        """Write Source, Transaction, PaymentEvent and order status; take the stock of a closed order again first."""
        if stock_snapshot is not None and not stock.retake_stock(order, stock_snapshot):
            return False
        payment_sources.book_receipt(receipt, order)
        return True

    def refund_books(self, receipt: MpesaReceipt, order: Any, *, amount: Decimal, reference: str) -> None:
        """Refund the receipt's Source."""
        payment_sources.refund_receipt(receipt, order, amount=amount, reference=reference)

    def release_stock(self, order: Any) -> StockSnapshot:
        """Release through Oscar's ``EventHandler``, and set the expired status."""
        return stock.release_stock(order)

    def send_email(self, message: MpesaOutboxMessage) -> None:
        """Send by Oscar's ``OrderDispatcher``; raise what the mail backend raises."""
        EMAILS[MessageKind(message.kind)](message)
