"""Orders that are released, taken up again and placed at the same moment, with one offer and the same things in them.

All take their locks in one order, so that nobody waits for ever; and what is held in the end is what orders hold.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Sum
from oscar.core.loading import get_model

from oscar_mpesa.oscar_adapter.placement import require_stock
from tests.databases.crowd import at_once
from tests.oscar_adapter.offers import Voucher, new_basket, new_offer, new_voucher, place, release, retake
from tests.shop import new_product

pytestmark = [pytest.mark.databases, pytest.mark.django_db(transaction=True)]

ROUNDS = range(25)

Line = get_model("order", "Line")
StockRecord = get_model("partner", "StockRecord")
VoucherApplication = get_model("voucher", "VoucherApplication")


def checks_out(basket: Any) -> Any:
    """As an order is placed that is to be paid by M-Pesa."""
    with transaction.atomic():
        require_stock(basket, basket.strategy)
        return place(basket)


def pays_otherwise(basket: Any) -> Any:
    """As Oscar places an order of another method."""
    with transaction.atomic():
        return place(basket)


#: Of three orders in one round, how each is placed.
WAYS = (checks_out, pays_otherwise, checks_out)


def assert_held_once(voucher: Any) -> None:
    """Stock and vouchers are held by the orders that are not released, and by nothing else."""
    for stock in StockRecord.objects.all():
        on_hold = Line.objects.filter(stockrecord=stock, allocation_cancelled=False).aggregate(Sum("num_allocated"))
        assert stock.num_allocated == (on_hold["num_allocated__sum"] or 0)
    with_voucher = Line.objects.filter(order__discounts__voucher_id=voucher.pk, order__discounts__frequency__gt=0)
    assert VoucherApplication.objects.count() == with_voucher.values("order").distinct().count()


def test_releases_and_placements_do_not_wait_for_each_other_for_ever() -> None:
    products = [new_product(stock=1000), new_product(stock=1000, title="Shuka")]
    voucher = new_voucher(usage=Voucher.MULTI_USE)
    new_offer()
    released: list[Any] = []

    for index in ROUNDS:
        vouchers = [voucher] if index % 2 else []
        baskets = [new_basket(*products[::step], vouchers=vouchers) for step in (1, -1, 1, -1, 1, -1)]
        orders = [place(basket) for basket in baskets[:3]]
        jobs = [
            *(partial(release, order) for order in orders),
            *(partial(way, basket) for way, basket in zip(WAYS, baskets[3:], strict=True)),
            *(partial(retake, *each) for each in released),
        ]
        answers = at_once(jobs)
        assert all(answers[6:])
        released = list(zip(orders[:2], answers[:2], strict=True))
        assert_held_once(voucher)


def test_of_two_late_payments_for_the_last_item_one_takes_it_again() -> None:
    for _ in ROUNDS[:5]:
        product = new_product(stock=1)
        released = []
        for _ in range(2):
            order = place(new_basket(product, quantity=1))
            released.append((order, release(order)))
        answers = at_once([partial(retake, *each) for each in released])
        assert sorted(answers) == [False, True]
        assert product.stockrecords.get().net_stock_level == 0
