"""Declare what the services need from the shop: one typed interface, which the layer above implements and registers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol, TypeAlias

from django.core.exceptions import ImproperlyConfigured
from django.db import InterfaceError, OperationalError

from oscar_mpesa.models import MpesaAllocation, MpesaOutboxMessage, MpesaRefund, SkipReason

#: JSON that ``release_stock`` returns and ``retake_stock`` needs to take the same stock, vouchers and offers again.
StockSnapshot: TypeAlias = dict[str, Any]


class AdapterMissing(ImproperlyConfigured):
    """No adapter is registered to write the shop's books. The app does not start without one."""


#: Errors of an adapter call that are no refusal by the shop. Services raise them, so that the whole transaction rolls
#: back. A deadlock or a lost connection can have undone part of it, and a missing adapter has written no books.
FATAL_ERRORS = (AdapterMissing, OperationalError, InterfaceError)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookIds:
    """Primary keys of the rows in the shop's books that stand for an allocation. A shop may delete them later."""

    source: int
    event: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BookTotals:
    """What an order's books say was paid, less what was refunded, in shillings: by us, and by other methods."""

    ours: Decimal = Decimal(0)
    others: Decimal = Decimal(0)


class ShopAdapter(Protocol):
    """Connect the services to a shop. Each method may raise what the shop's own code raises.

    The caller locks the order's row and holds a savepoint. Amounts are shillings.
    """

    def write_allocation(self, allocation: MpesaAllocation, order: Any, *, completes: bool) -> BookIds:
        """Write an allocation into the order's books, and return the ids of the rows.

        ``completes`` says that the order is paid with it. The order's status does not change.
        """

    def reverse_allocation(self, allocation: MpesaAllocation, order: Any, *, amount: Decimal) -> None:
        """Write into the order's books that this part of a booked allocation no longer counts.

        What remains of it is another allocation, with the same row in the books. Rows that are gone are left out.
        """

    def name_allocation(self, allocation: MpesaAllocation, order: Any) -> None:
        """Write the M-PESA code that arrived later into the rows of a booked allocation."""

    def write_refund(self, refund: MpesaRefund, order: Any) -> None:
        """Write into the order's books that a refund of a booked allocation was completed."""

    def void_refund(self, refund: MpesaRefund, order: Any) -> None:
        """Write into the order's books that a refund was recorded by mistake."""

    def mark_paid(self, order: Any) -> None:
        """Move a pending or expired order on to the paid status. An order that staff moved on keeps its status."""

    def mark_pending(self, order: Any) -> None:
        """Move an expired order that is reopened back to the pending status, because part of its money is missing."""

    def other_payments(self, order: Any) -> Decimal:
        """Return what other payment methods took for the order, less what they refunded. Makes one query."""

    def book_totals(self, order_ids: Sequence[int]) -> dict[int, BookTotals]:
        """Return what the books of some hundred orders say; an order without payments may be missing.

        Locks nothing. The number of queries does not grow with the number of orders.
        """

    def retake_stock(self, order: Any, stock_snapshot: StockSnapshot) -> bool:
        """Take again what ``release_stock`` released. Returns False, and changes nothing, if that stock is sold."""

    def release_stock(self, order: Any) -> StockSnapshot:
        """Release an unpaid order's stock, vouchers and offers, and close it; a canceled order keeps its status.

        Returns the snapshot that ``retake_stock`` needs to undo this. The caller calls this once.
        """

    def send_email(self, message: MpesaOutboxMessage) -> SkipReason | None:
        """Send the email that an outbox message stands for, or return why none is sent.

        Called outside a transaction, and again later if it raises. Must send through ``mail_connection``, which has a
        time limit.
        """

    def for_preview(self) -> ShopAdapter:
        """Return an adapter that reads the same, runs no code of the shop, and writes at most the order's status.

        The caller rolls that back. The adapter answers what this one would answer. It can't stop the shop's receivers
        of Django's model signals on the models of ``oscar_mpesa``: they run in a preview, and are rolled back.
        """


_adapter: ShopAdapter | None = None

#: The adapter of a preview, in the thread or task that runs it.
_preview_adapter: ContextVar[ShopAdapter | None] = ContextVar("oscar_mpesa_preview_adapter", default=None)


def register_adapter(adapter: ShopAdapter) -> None:
    """Register the adapter. It replaces one that was registered before."""
    global _adapter
    _adapter = adapter


def shop() -> ShopAdapter:
    """Return the registered adapter, or that of a preview; raise ``AdapterMissing`` if there is none."""
    preview_adapter = _preview_adapter.get()
    if preview_adapter is not None:
        return preview_adapter
    if _adapter is None:
        raise AdapterMissing(
            "oscar_mpesa has no shop adapter. Put 'oscar_mpesa' in INSTALLED_APPS; its AppConfig.ready() registers one."
        )
    return _adapter


@contextmanager
def adapter_for_preview() -> Iterator[None]:
    """Use the adapter's ``for_preview`` inside a ``with`` block. Other threads and tasks keep the real one."""
    token = _preview_adapter.set(shop().for_preview())
    try:
        yield
    finally:
        _preview_adapter.reset(token)


@contextmanager
def replaced_adapter(adapter: ShopAdapter | None) -> Iterator[None]:
    """Use another adapter, or none, inside a ``with`` block; for tests."""
    global _adapter
    before, _adapter = _adapter, adapter
    try:
        yield
    finally:
        _adapter = before
