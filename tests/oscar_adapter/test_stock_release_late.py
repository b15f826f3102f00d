"""Releasing an order after the shop deleted, suspended, reset or shipped some of what it used."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from oscar.core.loading import get_model

from tests.oscar_adapter.offers import (
    ConditionalOffer,
    Voucher,
    counted,
    new_basket,
    new_offer,
    new_voucher,
    place,
    release,
)
from tests.shop import new_product

pytestmark = pytest.mark.django_db


def test_shipped_quantity_is_not_released() -> None:
    product = new_product(stock=5)
    order = place(new_basket(product, quantity=3))
    order.lines.get().consume_allocation(1)

    stock_snapshot = release(order)

    stock = product.stockrecords.get()
    assert stock_snapshot["stock"] == {str(order.lines.get().pk): 2}
    assert (stock.num_in_stock, stock.num_allocated) == (4, 0)


@pytest.mark.parametrize("gone", ["stockrecord", "product", "partner"])
def test_deleted_products_are_skipped(gone: str) -> None:
    kept, lost = new_product(stock=5), new_product(stock=5, title="Shuka")
    order = place(new_basket(lost, kept))
    stockrecord = lost.stockrecords.get()
    if gone == "partner":
        stockrecord.partner = get_model("partner", "Partner").objects.create(name="Another")
        stockrecord.save()
    {"stockrecord": stockrecord, "product": lost, "partner": stockrecord.partner}[gone].delete()

    stock_snapshot = release(order)

    order.refresh_from_db()
    assert stock_snapshot["stock"] == {str(order.lines.get(product=kept).pk): 2}
    assert (order.status, kept.stockrecords.get().num_allocated) == ("Payment expired", 0)


def test_order_of_deleted_products_only_is_released() -> None:
    product = new_product()
    order = place(new_basket(product))
    product.delete()

    assert release(order) == {"vouchers": [], "discounts": {}, "stock": {}}


def test_deleted_offers_and_vouchers_are_skipped(achieng: Any) -> None:
    vouchers = [new_voucher("KARIBU10"), new_voucher("ASANTE20")]
    offers = [new_offer("First"), new_offer("Second")]
    order = place(new_basket(new_product(), user=achieng, vouchers=vouchers))
    vouchers[0].delete()
    offers[0].delete()

    stock_snapshot = release(order)

    for row in (vouchers[1], offers[1]):
        row.refresh_from_db()
        assert (row.num_orders, row.total_discount) == (0, 0)
    assert stock_snapshot["vouchers"] == [vouchers[1].pk]


def test_order_of_deleted_user_is_released(achieng: Any) -> None:
    product = new_product(stock=5)
    order = place(new_basket(product, user=achieng))
    achieng.delete()
    before = product.stockrecords.get().num_allocated

    release(order)

    assert (before, product.stockrecords.get().num_allocated) == (2, 0)


def test_suspended_offer_stays_suspended() -> None:
    offer = new_offer(max_global_applications=1)
    order = place(new_basket(new_product()))
    offer.refresh_from_db()
    offer.suspend()

    release(order)

    offer.refresh_from_db()
    assert (offer.status, offer.num_applications) == (ConditionalOffer.SUSPENDED, 0)


def test_reset_counters_do_not_fall_below_zero(achieng: Any) -> None:
    voucher = new_voucher()
    new_offer()
    order = place(new_basket(new_product(), user=achieng, vouchers=[voucher]))
    ConditionalOffer.objects.update(num_applications=0, total_discount=1, num_orders=0)
    Voucher.objects.update(num_orders=0, total_discount=1)
    get_model("analytics", "ProductRecord").objects.update(num_purchases=1)
    get_model("analytics", "UserRecord").objects.update(num_orders=0, total_spent=1)

    release(order)

    after = counted()
    assert {row[2:] for row in after["offers"]} == {(0, Decimal(0), 0)}
    assert after["vouchers"] == [("KARIBU10", 0, Decimal(0))]
    assert (after["products"][0][1:], after["users"][0][1:]) == ((0,), (0, 0, 0, Decimal(0)))


def test_uncounted_discount_releases_its_amount() -> None:
    offer = new_offer()
    order = place(new_basket(new_product()))
    order.discounts.update(frequency=None)

    stock_snapshot = release(order)

    offer.refresh_from_db()
    assert (offer.num_applications, offer.total_discount, offer.num_orders) == (1, 0, 0)
    assert list(stock_snapshot["discounts"].values()) == [0]
