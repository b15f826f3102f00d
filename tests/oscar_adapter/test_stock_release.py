"""Releasing an order undoes everything that placing it changed."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import translation
from oscar.apps.order.exceptions import InvalidOrderStatus
from oscar.apps.order.signals import order_status_changed

from oscar_mpesa.oscar_adapter.stock import release_stock
from tests.oscar_adapter.offers import (
    OWN,
    ConditionalOffer,
    Voucher,
    counted,
    new_basket,
    new_download,
    new_offer,
    new_voucher,
    place,
    release,
)
from tests.shop import new_product

pytestmark = pytest.mark.django_db


def zeroed(counters: dict[str, Any]) -> dict[str, Any]:
    """Treat rows with zeros as missing, and zero allocations as none."""
    rows = {name: [tuple(value or 0 for value in row) for row in rows] for name, rows in counters.items()}
    for name in ("products", "users"):
        rows[name] = [row for row in rows[name] if any(row[1:])]
    return rows


def test_release_restores_all_counters(achieng: Any) -> None:
    product, voucher, offer = new_product(stock=5), new_voucher(), new_offer(max_global_applications=1)
    before = counted()
    order = place(new_basket(product, user=achieng, vouchers=[voucher]))
    assert counted()["offers"] != before["offers"]
    offer.refresh_from_db()
    assert (offer.status, voucher.is_available_to_user(achieng)[0]) == (ConditionalOffer.CONSUMED, False)

    release(order)

    offer.refresh_from_db()
    assert zeroed(counted()) == zeroed(before)
    assert (offer.status, voucher.is_available_to_user(achieng)[0]) == (ConditionalOffer.OPEN, True)


def test_each_counter_of_the_order_is_lowered(achieng: Any) -> None:
    product, voucher = new_product(stock=5, price="1000.00"), new_voucher()
    offer = new_offer(percent=20)
    order = place(new_basket(product, user=achieng, vouchers=[voucher]))
    placed = counted()
    assert placed["stock"] == [(product.stockrecords.get().pk, 5, 2)]
    assert placed["vouchers"][0][:2] == ("KARIBU10", 1)
    assert placed["users"] == [(achieng.pk, 1, 1, 2, order.total_incl_tax)]

    release(order)

    after = counted()
    offer.refresh_from_db()
    assert after["stock"] == [(product.stockrecords.get().pk, 5, 0)]
    assert after["vouchers"] == [("KARIBU10", 0, Decimal("0.00"))]
    assert after["applications"] == []
    assert (offer.num_applications, offer.total_discount, offer.num_orders) == (0, 0, 0)
    assert after["products"] == [(product.pk, 0)]
    assert after["users"] == [(achieng.pk, 0, 0, 0, Decimal("0.00"))]


def test_other_orders_keep_their_stock(achieng: Any) -> None:
    product, voucher = new_product(stock=9), new_voucher(usage=Voucher.MULTI_USE)
    new_offer()
    place(new_basket(product, user=achieng, vouchers=[voucher], quantity=1))
    before = counted()
    order = place(new_basket(product, user=achieng, vouchers=[voucher], quantity=3))

    release(order)

    assert counted() == before


def test_many_lines_vouchers_and_offers_are_all_released(achieng: Any) -> None:
    products = [new_product(stock=9, title=title) for title in ("Kiondo", "Shuka", "Chai")]
    vouchers = [new_voucher(code) for code in ("KARIBU10", "ASANTE20")]
    new_offer("First")
    new_offer("Second", max_global_applications=1)
    before = counted()
    order = place(new_basket(*products, user=achieng, vouchers=vouchers))
    assert order.discounts.count() == 4
    assert len(counted()["applications"]) == 2

    stock_snapshot = release(order)

    assert zeroed(counted()) == zeroed(before)
    assert sorted(stock_snapshot["vouchers"]) == sorted(voucher.pk for voucher in vouchers)
    assert stock_snapshot["stock"] == {str(line.pk): 2 for line in order.lines.all()}


def test_offer_limited_to_once_per_user_can_be_used_again(achieng: Any) -> None:
    offer = new_offer(max_user_applications=1)
    order = place(new_basket(new_product(), user=achieng))
    assert offer.get_max_applications(achieng) == 0

    release(order)

    assert offer.get_max_applications(achieng) == 1


def test_voucher_without_discount_is_released(achieng: Any) -> None:
    voucher = new_voucher(usage=Voucher.ONCE_PER_CUSTOMER)
    voucher.offers.clear()
    order = place(new_basket(new_product(), user=achieng, vouchers=[voucher]))
    assert not voucher.is_available_to_user(achieng)[0]

    stock_snapshot = release(order)

    voucher.refresh_from_db()
    assert (stock_snapshot["vouchers"], voucher.num_orders) == ([voucher.pk], 0)
    assert voucher.is_available_to_user(achieng)[0]


def test_guest_order_releases_its_voucher() -> None:
    voucher = new_voucher()
    order = place(new_basket(new_product(), vouchers=[voucher]))
    assert not voucher.is_available_to_user(AnonymousUser())[0]

    release(order)

    assert voucher.is_available_to_user(AnonymousUser())[0]
    assert order.discounts.get().frequency == 0


def test_untracked_products_are_not_released() -> None:
    product, download = new_product(stock=5), new_download()
    order = place(new_basket(download, product))

    stock_snapshot = release(order)

    assert stock_snapshot["stock"] == {str(order.lines.get(product=product).pk): 2}
    assert order.lines.get(product=download).num_allocated == 2
    assert product.stockrecords.get().num_allocated == 0


def test_order_of_downloads_releases_no_stock() -> None:
    order = place(new_basket(new_download()))

    assert release(order)["stock"] == {}


def test_second_release_changes_nothing(achieng: Any) -> None:
    new_offer()
    first = place(new_basket(new_product(), user=achieng, vouchers=[new_voucher()]))
    release(first)
    once = counted() | counted(OWN)

    release(first)

    assert counted() | counted(OWN) == once
    assert first.notes.count() == first.status_changes.count() == 1


def test_status_note_is_in_the_shops_language() -> None:
    order = place(new_basket(new_product()))

    with translation.override("sw"):
        release(order)

    order.refresh_from_db()
    assert order.status == "Payment expired"
    assert order.notes.get().message == "Not paid by M-PESA: stock, vouchers and offers were released."
    assert order.status_changes.get().new_status == "Payment expired"


def test_cancelled_order_keeps_its_status() -> None:
    product = new_product()
    order = place(new_basket(product), status="Cancelled")

    release(order)

    order.refresh_from_db()
    assert (order.status, order.notes.count(), product.stockrecords.get().num_allocated) == ("Cancelled", 0, 0)


def test_refused_status_change_releases_nothing() -> None:
    order = place(new_basket(new_product()), status="Complete")
    before = counted() | counted(OWN)

    with pytest.raises(InvalidOrderStatus):
        release(order)

    assert counted() | counted(OWN) == before


def test_error_in_the_shops_code_releases_nothing() -> None:
    order = place(new_basket(new_product()))
    before = counted() | counted(OWN)

    def raises(**_: Any) -> None:
        raise RuntimeError("the shop's receiver is broken")

    order_status_changed.connect(raises)
    try:
        with pytest.raises(RuntimeError):
            release(order)
    finally:
        order_status_changed.disconnect(raises)

    order.refresh_from_db()
    assert counted() | counted(OWN) == before
    assert order.status == "Pending payment"


def test_snapshot_survives_json() -> None:
    new_offer()
    order = place(new_basket(new_product(), vouchers=[new_voucher()]))

    stock_snapshot = release_stock(order)

    assert json.loads(json.dumps(stock_snapshot)) == stock_snapshot
    assert set(stock_snapshot) == {"vouchers", "discounts", "stock"}
