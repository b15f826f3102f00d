"""A late payment retakes everything that was released, or nothing if stock is short."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from oscar.core.loading import get_model

from tests.oscar_adapter.offers import (
    OWN,
    ConditionalOffer,
    ProductClass,
    counted,
    new_basket,
    new_download,
    new_offer,
    new_voucher,
    place,
    release,
    retake,
)
from tests.shop import new_product

pytestmark = pytest.mark.django_db

StockRecord = get_model("partner", "StockRecord")


def test_retake_restores_all_counters(achieng: Any) -> None:
    products = [new_product(stock=9, title=title) for title in ("Kiondo", "Shuka")]
    vouchers = [new_voucher(code) for code in ("KARIBU10", "ASANTE20")]
    new_offer("First")
    offer = new_offer("Second", max_global_applications=1)
    place(new_basket(*products, user=achieng, quantity=1))
    order = place(new_basket(*products, new_download(), user=achieng, vouchers=vouchers))
    before = counted() | counted(OWN)
    stock_snapshot = release(order)
    assert counted() | counted(OWN) != before

    taken = retake(order, stock_snapshot)

    offer.refresh_from_db()
    order.refresh_from_db()
    assert taken
    assert counted() | counted(OWN) == before
    assert (offer.status, order.status) == (ConditionalOffer.CONSUMED, "Payment expired")


def test_guest_order_is_retaken() -> None:
    order = place(new_basket(new_product(stock=2), vouchers=[new_voucher()]))
    before = counted() | counted(OWN)
    stock_snapshot = release(order)

    assert retake(order, stock_snapshot)

    assert counted() | counted(OWN) == before


def test_retaken_order_can_be_released_again(achieng: Any) -> None:
    new_offer()
    order = place(new_basket(new_product(), user=achieng, vouchers=[new_voucher()]))
    first = release(order)
    once = counted() | counted(OWN)
    retake(order, first)

    again = release(order)

    assert again == first
    assert counted() | counted(OWN) == once


def sell_out(product: Any) -> None:
    product.stockrecords.update(num_in_stock=1)


def sell_to_others(product: Any) -> None:
    product.stockrecords.update(num_allocated=4)


def delete_product(product: Any) -> None:
    product.stockrecords.get().delete()


def delete_stock_record(product: Any) -> None:
    product.delete()


def stop_tracking_stock(product: Any) -> None:
    product.stockrecords.update(num_in_stock=None)


@pytest.mark.parametrize(
    "changes", [sell_out, sell_to_others, delete_product, delete_stock_record, stop_tracking_stock]
)
def test_one_short_product_retakes_nothing(achieng: Any, changes: Callable[[Any], None]) -> None:
    short, there = new_product(stock=5), new_product(stock=5, title="Shuka")
    new_offer()
    order = place(new_basket(there, short, user=achieng, vouchers=[new_voucher()]))
    stock_snapshot = release(order)
    changes(short)
    before = counted() | counted(OWN)

    taken = retake(order, stock_snapshot)

    assert not taken
    assert counted() | counted(OWN) == before


def test_lines_of_one_product_are_added_up() -> None:
    product = new_product(stock=4)
    basket = new_basket(product)
    option = get_model("catalogue", "Option").objects.create(name="Engraving", code="engraving")
    basket.add_product(product, 2, [{"option": option, "value": "Asha"}])
    order = place(basket)
    stock_snapshot = release(order)
    StockRecord.objects.update(num_in_stock=3)

    assert not retake(order, stock_snapshot)

    StockRecord.objects.update(num_in_stock=4)
    assert retake(order, stock_snapshot)
    assert StockRecord.objects.get().num_allocated == 4


def test_last_item_in_stock_is_retaken() -> None:
    product = new_product(stock=2)
    order = place(new_basket(product))
    stock_snapshot = release(order)

    assert retake(order, stock_snapshot)

    assert product.stockrecords.get().net_stock_level == 0


def test_untracked_products_need_no_stock() -> None:
    order = place(new_basket(new_download()))

    assert retake(order, release(order))


def test_products_no_longer_tracked_need_no_stock() -> None:
    product = new_product(stock=2)
    order = place(new_basket(product))
    stock_snapshot = release(order)
    ProductClass.objects.update(track_stock=False)
    StockRecord.objects.update(num_in_stock=0)

    assert retake(order, stock_snapshot)

    assert product.stockrecords.get().num_allocated == 0


def test_voucher_used_by_another_order_does_not_matter(achieng: Any) -> None:
    voucher = new_voucher()
    order = place(new_basket(new_product(), user=achieng, vouchers=[voucher]))
    stock_snapshot = release(order)
    place(new_basket(new_product(), vouchers=[voucher]))

    assert retake(order, stock_snapshot)

    voucher.refresh_from_db()
    assert (voucher.num_orders, voucher.applications.count()) == (2, 2)


def test_consumed_offer_does_not_matter(achieng: Any) -> None:
    offer = new_offer(max_global_applications=1)
    order = place(new_basket(new_product(), user=achieng))
    stock_snapshot = release(order)
    place(new_basket(new_product()))

    assert retake(order, stock_snapshot)

    offer.refresh_from_db()
    assert (offer.num_applications, offer.status) == (2, ConditionalOffer.CONSUMED)


def test_deleted_vouchers_offers_and_users_do_not_matter(achieng: Any) -> None:
    vouchers = [new_voucher("KARIBU10"), new_voucher("ASANTE20")]
    offer = new_offer()
    product = new_product(stock=5)
    order = place(new_basket(product, user=achieng, vouchers=vouchers))
    stock_snapshot = release(order)
    vouchers[0].delete()
    offer.delete()
    achieng.delete()

    assert retake(order, stock_snapshot)

    (application,) = vouchers[1].applications.all()
    assert (application.order, application.user) == (order, None)
    assert product.stockrecords.get().num_allocated == 2


def test_empty_snapshot_retakes_nothing() -> None:
    order = place(new_basket(new_product()))
    before = counted() | counted(OWN)

    assert retake(order, {})

    assert counted() | counted(OWN) == before
