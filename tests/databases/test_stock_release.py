"""Closing, reopening and placing orders at once keeps stock, vouchers and offers right.

All take their locks in one order, so that none deadlocks. In the end only open orders hold stock.
"""

from __future__ import annotations

import os
from functools import partial
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Sum
from oscar.core.loading import get_class, get_model

from oscar_mpesa.models import MpesaOrder
from oscar_mpesa.oscar_adapter.placement import lock_and_check
from tests.databases.threads import at_once, new_payment
from tests.oscar_adapter.offers import Voucher, new_basket, new_download, new_offer, new_voucher, place, release, retake
from tests.shop import new_product

pytestmark = [pytest.mark.databases, pytest.mark.django_db(transaction=True)]

ROUNDS = range(25)
RACE_ROUNDS = range(int(os.environ.get("RACE_ROUNDS", "12")))

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
    assert_stock_held_by_open_orders()
    with_voucher = Line.objects.filter(order__discounts__voucher_id=voucher.pk, order__discounts__frequency__gt=0)
    assert VoucherApplication.objects.count() == with_voucher.values("order").distinct().count()


def assert_stock_held_by_open_orders() -> None:
    for stock in StockRecord.objects.filter(product__product_class__track_stock=True):
        allocated = Line.objects.filter(stockrecord=stock, allocation_cancelled=False).aggregate(Sum("num_allocated"))
        assert stock.num_allocated == (allocated["num_allocated__sum"] or 0)


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


def canceled_together(orders: list[Any]) -> None:
    """Cancel orders in one transaction, as Oscar's dashboard does."""
    with transaction.atomic():
        for order in orders:
            get_class("order.processing", "EventHandler")().handle_order_status_change(order, "Cancelled")


@pytest.mark.parametrize("is_tracked", [True, False], ids=["tracked", "untracked"])
def test_orders_without_a_common_offer_do_not_deadlock(is_tracked: bool) -> None:
    """Place without the retry of the checkout, so that the order of the locks alone prevents deadlocks."""
    products = [new_product(stock=99_999) if is_tracked else new_download() for _ in range(6)]
    closed: list[Any] = []

    for _ in RACE_ROUNDS:
        whole = [new_basket(*products[::step]) for step in (1, -1, 1, -1)]
        halves = [new_payment(place(new_basket(*half))).mpesa_order.order for half in (products[3:], products[:3])]
        orders = [place(basket) for basket in whole[2:]]
        jobs = [
            *(partial(place_with_mpesa, basket) for basket in whole[:2]),
            partial(canceled_together, halves),
            *(partial(release, order) for order in orders),
            *(partial(retake, *each) for each in closed),
        ]
        answers = at_once(jobs)
        assert all(answers[5:])
        closed = list(zip(orders, answers[3:5], strict=True))
        assert MpesaOrder.objects.filter(pk__in=[order.pk for order in halves]).exclude(closed_at=None).count() == 2
        assert_stock_held_by_open_orders()
