"""Closing, reopening and placing orders at once keeps stock, vouchers and offers right.

All take their locks in one order, so that none deadlocks. In the end only open orders hold stock.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Sum
from oscar.core.loading import get_model

from oscar_mpesa.oscar_adapter.placement import lock_and_check
from tests.databases.threads import at_once
from tests.oscar_adapter.offers import Voucher, new_basket, new_offer, new_voucher, place, release, retake
from tests.shop import new_product

pytestmark = [pytest.mark.databases, pytest.mark.django_db(transaction=True)]

ROUNDS = range(25)

Line = get_model("order", "Line")
StockRecord = get_model("partner", "StockRecord")
VoucherApplication = get_model("voucher", "VoucherApplication")


def place_with_mpesa(basket: Any) -> Any:
    """Place an order as the M-PESA checkout does."""
    with transaction.atomic():
        lock_and_check(basket, basket.strategy)
        return place(basket)


def place_with_other_method(basket: Any) -> Any:
    """Place an order of another payment method."""
    with transaction.atomic():
        return place(basket)


#: How each of the three orders of a round is placed.
PLACEMENTS = (place_with_mpesa, place_with_other_method, place_with_mpesa)


def assert_held_by_open_orders(voucher: Any) -> None:
    """Assert that open orders, and nothing else, hold stock and vouchers."""
    for stock in StockRecord.objects.all():
        allocated = Line.objects.filter(stockrecord=stock, allocation_cancelled=False).aggregate(Sum("num_allocated"))
        assert stock.num_allocated == (allocated["num_allocated__sum"] or 0)
    with_voucher = Line.objects.filter(order__discounts__voucher_id=voucher.pk, order__discounts__frequency__gt=0)
    assert VoucherApplication.objects.count() == with_voucher.values("order").distinct().count()


def test_closing_and_placing_orders_do_not_deadlock() -> None:
    products = [new_product(stock=1000), new_product(stock=1000, title="Shuka")]
    voucher = new_voucher(usage=Voucher.MULTI_USE)
    new_offer()
    closed: list[Any] = []

    for index in ROUNDS:
        vouchers = [voucher] if index % 2 else []
        baskets = [new_basket(*products[::step], vouchers=vouchers) for step in (1, -1, 1, -1, 1, -1)]
        orders = [place(basket) for basket in baskets[:3]]
        jobs = [
            *(partial(release, order) for order in orders),
            *(partial(place_order, basket) for place_order, basket in zip(PLACEMENTS, baskets[3:], strict=True)),
            *(partial(retake, *each) for each in closed),
        ]
        answers = at_once(jobs)
        assert all(answers[6:])
        closed = list(zip(orders[:2], answers[:2], strict=True))
        assert_held_by_open_orders(voucher)


def test_one_of_two_late_payments_reopens_its_order_for_the_last_item() -> None:
    for _ in ROUNDS[:5]:
        product = new_product(stock=1)
        closed = []
        for _ in range(2):
            order = place(new_basket(product, quantity=1))
            closed.append((order, release(order)))
        answers = at_once([partial(retake, *each) for each in closed])
        assert sorted(answers) == [False, True]
        assert product.stockrecords.get().net_stock_level == 0
