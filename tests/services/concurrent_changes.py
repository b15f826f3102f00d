"""Let other code act while a service works: it raises, a query fails, or another change comes first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.models.signals import pre_save
from oscar.apps.order.signals import order_status_changed
from oscar.core.loading import get_model


@contextmanager
def broken_shop(error: Exception | None = None) -> Iterator[None]:
    """Raise from the shop's code whenever an order's status changes."""

    def raises(**_: Any) -> None:
        raise error or RuntimeError("the shop's receiver is broken")

    order_status_changed.connect(raises)
    try:
        yield
    finally:
        order_status_changed.disconnect(raises)


@contextmanager
def broken_books(error: Exception | None = None) -> Iterator[None]:
    """Raise from the shop's code whenever a payment source is saved."""

    def raises(**_: Any) -> None:
        raise error or RuntimeError("the shop's books are broken")

    source = get_model("payment", "Source")
    pre_save.connect(raises, sender=source)
    try:
        yield
    finally:
        pre_save.disconnect(raises, sender=source)


@contextmanager
def failing_queries(*words: str, error: Exception) -> Iterator[None]:
    """Raise from the database at each query that contains all these words."""
    failed = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if all(word in sql for word in words):
            failed.append(sql)
            raise error
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield
    assert failed, f"no query had {words!r} in it"


@contextmanager
def just_before(query: str, act: Callable[[], Any]) -> Iterator[None]:
    """Run ``act`` before the first query that contains this text."""
    actions = [act]

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if query in sql and actions:
            actions.pop()()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield
    assert not actions, f"no query had {query!r} in it"


@contextmanager
def broken_stock(error: Exception | None = None) -> Iterator[None]:
    """Raise from the shop's code whenever a stock record is saved, so that no stock is taken or released."""

    def raises(**_: Any) -> None:
        raise error or RuntimeError("the shop's stock is broken")

    record = get_model("partner", "StockRecord")
    pre_save.connect(raises, sender=record)
    try:
        yield
    finally:
        pre_save.disconnect(raises, sender=record)
