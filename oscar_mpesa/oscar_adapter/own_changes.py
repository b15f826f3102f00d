"""Tell the changes that the app makes to an order from those that the shop's own code makes meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnChange:
    """An order that the app writes now: the status that it sets, if it sets one, and the total that it started with."""

    order_id: int
    status: str | None
    total: Decimal


_change: ContextVar[OwnChange | None] = ContextVar("oscar_mpesa_own_change", default=None)


@contextmanager
def own_change(order: Any, status: str | None = None) -> Iterator[None]:
    """Write an order's books, its stock, or this status. Receivers follow other changes after the commit."""
    token = _change.set(OwnChange(order_id=order.pk, status=status, total=order.total_incl_tax))
    try:
        yield
    finally:
        _change.reset(token)


def current_change() -> OwnChange | None:
    """Return what the app itself writes at this moment, in this thread, or None."""
    return _change.get()
