"""Order placement is protected against double clicks and overselling."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from oscar.core.loading import get_class
from oscar.test import factories

from oscar_mpesa.oscar_adapter.placement import lock_and_check, order_of_basket
from tests.oscar_adapter.offers import new_voucher
from tests.shop import new_order, new_product

pytestmark = pytest.mark.django_db

UnableToPlaceOrder = get_class("order.exceptions", "UnableToPlaceOrder")


def basket_with(product: Any, quantity: int) -> Any:
    basket = factories.create_basket(empty=True)
    line, _ = basket.add_product(product)
    line.quantity = quantity
    line.save()
    return basket


def test_open_basket_has_no_order() -> None:
    basket = factories.create_basket()

    with transaction.atomic():
        assert order_of_basket(basket) is None


def test_submitted_basket_returns_its_order() -> None:
    order = new_order()
    order.basket.submit()

    with transaction.atomic():
        assert order_of_basket(order.basket) == order


def test_enough_stock_passes() -> None:
    basket = basket_with(new_product(stock=2), 2)

    lock_and_check(basket, basket.strategy)

    assert basket.num_items == 2


def test_short_product_is_named() -> None:
    basket = basket_with(new_product(stock=2, title="Shuka"), 3)

    with pytest.raises(UnableToPlaceOrder, match="“Shuka” has just sold out or run short"):
        lock_and_check(basket, basket.strategy)


def test_lines_of_one_product_are_added_up() -> None:
    product = new_product(stock=3, title="Chai")
    basket = basket_with(product, 2)
    line = basket.lines.get()
    line.pk, line.line_reference = None, "with-milk"
    line.save()
    basket = type(basket).objects.get(pk=basket.pk)
    basket.strategy = factories.create_basket(empty=True).strategy

    with pytest.raises(UnableToPlaceOrder, match="Chai"):
        lock_and_check(basket, basket.strategy)


def test_used_voucher_is_refused_in_the_words_of_the_shop() -> None:
    basket = basket_with(new_product(), 1)
    voucher = new_voucher()
    basket.vouchers.add(voucher)
    lock_and_check(basket, basket.strategy)
    voucher.applications.create(order=new_order())

    with pytest.raises(UnableToPlaceOrder, match="This voucher has already been used"):
        lock_and_check(basket, basket.strategy)
