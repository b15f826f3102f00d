"""Declare what the services need from the shop: one typed interface, which the layer above implements and registers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Protocol, TypeAlias

from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError

from oscar_mpesa.models import MpesaOutboxMessage, MpesaReceipt

#: JSON that ``release_stock`` returns and ``write_books`` needs to take the same stock, vouchers and offers again.
StockSnapshot: TypeAlias = dict[str, Any]


class AdapterMissing(ImproperlyConfigured):
    """No adapter is registered to write the shop's books. The app does not start without one."""


#: Errors of an adapter call that are no refusal by the shop. Services raise them, so that the whole transaction rolls
#: back. A deadlock can have undone part of it, and a missing adapter has written no books.
FATAL_ERRORS = (AdapterMissing, OperationalError)


class ShopAdapter(Protocol):
    """Connect the services to a shop. Each method may raise what the shop's own code raises."""

    def write_books(self, receipt: MpesaReceipt, order: Any, *, stock_snapshot: StockSnapshot | None) -> bool:
        """Write a receipt into the order's books and move the order on; return whether the money was booked.

        For a closed order, ``stock_snapshot`` is what ``release_stock`` returned: its stock is taken again first.
        Returns False, and changes nothing, if that stock is sold. ``stock_snapshot`` is None for an open order.
        Updates the entries of a receipt that is in the books already. The caller locks the order's row and holds a
        savepoint.
        """

    def refund_books(self, receipt: MpesaReceipt, order: Any, *, amount: Decimal, reference: str) -> None:
        """Write into the order's books that ``amount`` shillings of a booked receipt were refunded.

        ``reference`` names the refund. The caller locks the order's row and holds a transaction.
        """

    def release_stock(self, order: Any) -> StockSnapshot:
        """Release an unpaid order's stock, vouchers and offers, and close it; a canceled order keeps its status.

        Returns the snapshot that ``write_books`` needs to undo this. The caller locks the order's row, holds a
        transaction, and calls this once.
        """

    def send_email(self, message: MpesaOutboxMessage) -> None:
        """Send the email that an outbox message stands for, or none if it is no longer true.

        Called outside a transaction, and again later if it raises.
        """


_adapter: ShopAdapter | None = None


def register_adapter(adapter: ShopAdapter) -> None:
    """Register the adapter. It replaces one that was registered before."""
    global _adapter
    _adapter = adapter


def shop() -> ShopAdapter:
    """Return the registered adapter; raise ``AdapterMissing`` if there is none."""
    if _adapter is None:
        raise AdapterMissing(
            "oscar_mpesa has no shop adapter. Put 'oscar_mpesa' in INSTALLED_APPS; its AppConfig.ready() registers one."
        )
    return _adapter


@contextmanager
def replaced_adapter(adapter: ShopAdapter | None) -> Iterator[None]:
    """Use another adapter, or none, inside a ``with`` block; for tests."""
    global _adapter
    before, _adapter = _adapter, adapter
    try:
        yield
    finally:
        _adapter = before
