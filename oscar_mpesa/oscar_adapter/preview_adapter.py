"""Implement the services' port for previews: read Oscar's books and stock, write only statuses, run no shop code."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import count
from typing import Any

from oscar_mpesa.conf import get_settings
from oscar_mpesa.models import MpesaAllocation, MpesaOutboxMessage, MpesaRefund, SkipReason
from oscar_mpesa.oscar_adapter import payment_sources, stock
from oscar_mpesa.oscar_adapter.order_status import paid_status
from oscar_mpesa.services.ports import BookIds, BookTotals, ShopAdapter, StockSnapshot

#: Ids of rows that a preview pretends to write. Rows of a shop don't get that far.
FIRST_ID = 2**62


class PreviewAdapter:
    """``ShopAdapter`` for a transaction that is rolled back. A status is set without signals and without notes."""

    def __init__(self) -> None:
        self._ids = count(FIRST_ID)

    def write_allocation(self, allocation: MpesaAllocation, order: Any, *, completes: bool) -> BookIds:
        """Return ids that no row has."""
        return BookIds(source=next(self._ids), event=next(self._ids))

    def reverse_allocation(self, allocation: MpesaAllocation, order: Any, *, amount: Decimal) -> None:
        """Write nothing."""

    def name_allocation(self, allocation: MpesaAllocation, order: Any) -> None:
        """Write nothing."""

    def write_refund(self, refund: MpesaRefund, order: Any) -> None:
        """Write nothing."""

    def void_refund(self, refund: MpesaRefund, order: Any) -> None:
        """Write nothing."""

    def mark_paid(self, order: Any) -> None:
        """Set the paid status where the real adapter would."""
        if payment_sources.becomes_paid(order):
            _set_status(order, paid_status())

    def mark_pending(self, order: Any) -> None:
        """Set the pending status where the real adapter would."""
        if payment_sources.becomes_pending(order):
            _set_status(order, get_settings().PENDING_STATUS)

    def other_payments(self, order: Any) -> Decimal:
        """Add up the other Sources."""
        return payment_sources.other_payments(order)

    def book_totals(self, order_ids: Sequence[int]) -> dict[int, BookTotals]:
        """Add up the Sources of each order."""
        return payment_sources.book_totals(order_ids)

    def retake_stock(self, order: Any, stock_snapshot: StockSnapshot) -> bool:
        """Return whether the stock is there."""
        return stock.has_stock_for(order, stock_snapshot)

    def release_stock(self, order: Any) -> StockSnapshot:
        """Set the expired status unless staff canceled the order."""
        names = get_settings()
        if order.status != names.CANCELLED_STATUS:
            _set_status(order, names.EXPIRED_STATUS)
        return {}

    def send_email(self, message: MpesaOutboxMessage) -> SkipReason | None:
        """Send nothing."""
        return SkipReason.OUTDATED

    def for_preview(self) -> ShopAdapter:
        """Return this adapter."""
        return self


def _set_status(order: Any, status: str) -> None:
    """Set a status in the row and on the instance, without Oscar's signals."""
    type(order)._base_manager.filter(pk=order.pk).update(status=status)
    order.status = status
