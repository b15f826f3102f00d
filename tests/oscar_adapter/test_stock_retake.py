"""Money that comes after the release takes everything again, or, where something is sold, nothing."""

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
    reinstate,
    release,
)
from tests.shop import new_product

pytestmark = pytest.mark.django_db

StockRecord = get_model("partner", "StockRecord")


def test_everything_stands_as_before_the_release(achieng: Any) -> None:
    products = [new_product(stock=9, title=title) for title in ("Kiondo", "Shuka")]
    vouchers = [new_voucher(code) for code in ("KARIBU10", "ASANTE20")]
    new_offer("First")
    offer = new_offer("Second", max_global_applications=1)
    place(new_basket(*products, user=achieng, quantity=1))
    order = place(new_basket(*products, new_download(), user=achieng, vouchers=vouchers))
    before = counted() | counted(OWN)
    stock_snapshot = release(order)
    assert counted() | counted(OWN) != before

    taken = reinstate(order, stock_snapshot)

    offer.refresh_from_db()
    order.refresh_from_db()
    assert taken
    assert counted() | counted(OWN) == before
    assert (offer.status, order.status) == (ConditionalOffer.CONSUMED, "Payment expired")


def test_a_guest_s_order_too() -> None:
    order = place(new_basket(new_product(stock=2), vouchers=[new_voucher()]))
    before = counted() | counted(OWN)
    stock_snapshot = release(order)

    assert reinstate(order, stock_snapshot)

    assert counted() | counted(OWN) == before


def test_and_it_can_be_released_once_more(achieng: Any) -> None:
    new_offer()
    order = place(new_basket(new_product(), user=achieng, vouchers=[new_voucher()]))
    first = release(order)
    once = counted() | counted(OWN)
    reinstate(order, first)

    again = release(order)

    assert again == first
    assert counted() | counted(OWN) == once


def sell_out(product: Any) -> None:
    product.stockrecords.update(num_in_stock=1)


def sell_to_others(product: Any) -> None:
    product.stockrecords.update(num_allocated=4)


def sell_no_more(product: Any) -> None:
    product.stockrecords.get().delete()


def take_from_the_shop(product: Any) -> None:
    product.delete()


def count_no_more(product: Any) -> None:
    product.stockrecords.update(num_in_stock=None)


@pytest.mark.parametrize("changes", [sell_out, sell_to_others, sell_no_more, take_from_the_shop, count_no_more])
def test_with_one_thing_short_nothing_is_taken(achieng: Any, changes: Callable[[Any], None]) -> None:
    short, there = new_product(stock=5), new_product(stock=5, title="Shuka")
    new_offer()
    order = place(new_basket(there, short, user=achieng, vouchers=[new_voucher()]))
    stock_snapshot = release(order)
    changes(short)
    before = counted() | counted(OWN)

    taken = reinstate(order, stock_snapshot)

    assert not taken
    assert counted() | counted(OWN) == before


def test_two_lines_of_one_thing_are_counted_together() -> None:
    product = new_product(stock=4)
    basket = new_basket(product)
    option = get_model("catalogue", "Option").objects.create(name="Engraving", code="engraving")
    basket.add_product(product, 2, [{"option": option, "value": "Asha"}])
    order = place(basket)
    stock_snapshot = release(order)
    StockRecord.objects.update(num_in_stock=3)

    assert not reinstate(order, stock_snapshot)

    StockRecord.objects.update(num_in_stock=4)
    assert reinstate(order, stock_snapshot)
    assert StockRecord.objects.get().num_allocated == 4


def test_the_very_last_one_is_enough() -> None:
    product = new_product(stock=2)
    order = place(new_basket(product))
    stock_snapshot = release(order)

    assert reinstate(order, stock_snapshot)

    assert product.stockrecords.get().net_stock_level == 0


def test_things_that_were_not_counted_need_no_stock() -> None:
    order = place(new_basket(new_download()))

    assert reinstate(order, release(order))


def test_things_that_are_not_counted_any_more_need_no_stock() -> None:
    product = new_product(stock=2)
    order = place(new_basket(product))
    stock_snapshot = release(order)
    ProductClass.objects.update(track_stock=False)
    StockRecord.objects.update(num_in_stock=0)

    assert reinstate(order, stock_snapshot)

    assert product.stockrecords.get().num_allocated == 0


def test_a_voucher_that_somebody_else_used_meanwhile_stops_nothing(achieng: Any) -> None:
    voucher = new_voucher()
    order = place(new_basket(new_product(), user=achieng, vouchers=[voucher]))
    stock_snapshot = release(order)
    place(new_basket(new_product(), vouchers=[voucher]))

    assert reinstate(order, stock_snapshot)

    voucher.refresh_from_db()
    assert (voucher.num_orders, voucher.applications.count()) == (2, 2)


def test_an_offer_that_is_used_up_meanwhile_stops_nothing(achieng: Any) -> None:
    offer = new_offer(max_global_applications=1)
    order = place(new_basket(new_product(), user=achieng))
    stock_snapshot = release(order)
    place(new_basket(new_product()))

    assert reinstate(order, stock_snapshot)

    offer.refresh_from_db()
    assert (offer.num_applications, offer.status) == (2, ConditionalOffer.CONSUMED)


def test_vouchers_offers_and_users_that_are_gone_stop_nothing(achieng: Any) -> None:
    vouchers = [new_voucher("KARIBU10"), new_voucher("ASANTE20")]
    offer = new_offer()
    product = new_product(stock=5)
    order = place(new_basket(product, user=achieng, vouchers=vouchers))
    stock_snapshot = release(order)
    vouchers[0].delete()
    offer.delete()
    achieng.delete()

    assert reinstate(order, stock_snapshot)

    (application,) = vouchers[1].applications.all()
    assert (application.order, application.user) == (order, None)
    assert product.stockrecords.get().num_allocated == 2


def test_an_order_that_gave_nothing_back_takes_nothing() -> None:
    order = place(new_basket(new_product()))
    before = counted() | counted(OWN)

    assert reinstate(order, {})

    assert counted() | counted(OWN) == before
