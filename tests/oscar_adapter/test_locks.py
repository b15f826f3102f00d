"""Placing, releasing and retaking lock in Oscar's order: vouchers, offers, stock, statistics."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oscar_mpesa.oscar_adapter.locks import lock_offers_and_vouchers, lock_stock
from oscar_mpesa.oscar_adapter.stock import release_stock, retake_stock
from tests.oscar_adapter.offers import new_basket, new_offer, new_voucher, place
from tests.shop import new_product

pytestmark = pytest.mark.django_db

IN_ORDER = ["voucher_voucher", "offer_conditionaloffer", "partner_stockrecord", "analytics_productrecord"]


@pytest.fixture
def basket() -> Any:
    """Create a basket with two products, two offers and a voucher."""
    new_offer("First")
    new_offer("Second")
    return new_basket(new_product(), new_product(), vouchers=[new_voucher()])


def touched(job: Callable[[], Any]) -> list[str]:
    """Return the tables that a job reads or updates, each once, in order."""
    with CaptureQueriesContext(connection) as captured:
        job()
    return list(dict.fromkeys(_tables(captured)))


def _tables(captured: CaptureQueriesContext) -> Iterator[str]:
    for query in captured:
        found = re.match(r'(?:UPDATE|SELECT .*? FROM) "(\w+)"', query["sql"])
        if found and found[1] in IN_ORDER:
            yield found[1]


def test_placing_locks_in_oscars_order(basket: Any) -> None:
    def locks() -> None:
        lock_offers_and_vouchers(basket)
        lock_stock(line.stockrecord_id for line in basket.all_lines())

    assert touched(locks) == IN_ORDER[:3]


def test_releasing_stock_locks_in_oscars_order(basket: Any) -> None:
    order = place(basket)

    assert touched(lambda: release_stock(order)) == IN_ORDER


def test_retaking_stock_locks_in_oscars_order(basket: Any) -> None:
    order = place(basket)
    stock_snapshot = release_stock(order)

    assert touched(lambda: retake_stock(order, stock_snapshot)) == IN_ORDER


def test_deleted_stock_records_are_not_locked() -> None:
    stock = new_product().stockrecords.get()

    assert lock_stock({stock.pk, stock.pk + 1}) == {stock.pk: stock}
