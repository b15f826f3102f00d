"""Implement the services' port for Oscar: its books, its stock and its emails."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from oscar_mpesa.lifecycle.ports import StockSnapshot
from oscar_mpesa.models import DueKind, MpesaDue, MpesaReceipt
from oscar_mpesa.ordering import ledger, mails, release

EMAILS = {
    DueKind.PAID_MAIL: mails.send_order_placed,
    DueKind.FAILED_MAIL: mails.send_payment_failed,
    DueKind.LATER_MAIL: mails.send_pay_later,
    DueKind.CLOSED_MAIL: mails.send_order_closed,
    DueKind.ASTRAY_MAIL: mails.send_money_astray,
}


class OscarAdapter:
    """The ``ShopAdapter`` for django-oscar; ``lifecycle/ports.py`` says what each method promises."""

    def write_books(self, receipt: MpesaReceipt, order: Any, *, stock_snapshot: StockSnapshot | None) -> bool:
        """Write Source, Transaction, PaymentEvent and order status; take the stock of a closed order again first."""
        if stock_snapshot is not None and not release.take_again(order, stock_snapshot):
            return False
        ledger.write(receipt, order)
        return True

    def refund_books(self, receipt: MpesaReceipt, order: Any, *, amount: Decimal, reference: str) -> None:
        """Refund the receipt's Source."""
        ledger.refund(receipt, order, amount=amount, reference=reference)

    def release_stock(self, order: Any) -> StockSnapshot:
        """Release through Oscar's ``EventHandler``, and set the expired status."""
        return release.give_back(order)

    def send_email(self, message: MpesaDue) -> None:
        """Send by Oscar's ``OrderDispatcher``; raise what the mail backend raises."""
        EMAILS[DueKind(message.kind)](message)
