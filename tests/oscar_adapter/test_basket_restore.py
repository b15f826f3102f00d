"""Restoring a basket copies what can be bought today, once per order."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from oscar.core.loading import get_class, get_model
from oscar.test import factories

from oscar_mpesa.models import MpesaOrder
from oscar_mpesa.oscar_adapter.basket_restore import copy_to_basket, restore_basket
from oscar_mpesa.services.order_closure import NotRestorable, close_for_other_method
from tests.oscar_adapter.offers import Voucher, new_basket, new_download, new_voucher, place
from tests.shop import CANCELS, OWNER, failure, later, new_payment, new_product, pay, post

pytestmark = pytest.mark.django_db

Basket = get_model("basket", "Basket")
Option = get_model("catalogue", "Option")


def closed_order(basket: Any) -> Any:
    """Place an order and close it because the shopper chose another method."""
    order = place(basket)
    payment = new_payment(order, phone=CANCELS)
    post(payment, failure(payment), now=later(20))
    close_for_other_method(order, actor=OWNER, now=later(30))
    return order


def empty_basket(*, owner: Any = None) -> Any:
    """Return a basket as a request has it. A guest's basket is not saved yet."""
    basket = Basket.objects.create(owner=owner) if owner else Basket()
    basket.strategy = get_class("partner.strategy", "Selector")().strategy()
    return basket


def restored(order: Any, basket: Any = None) -> tuple[list[str], dict[str, int]]:
    """Restore into a guest's basket and return the missing titles and the basket's quantities."""
    basket = empty_basket() if basket is None else basket
    missing = copy_to_basket(order, basket, user=AnonymousUser())
    return missing, {line.product.get_title(): line.quantity for line in basket.all_lines()}


def test_guest_gets_all_lines_back() -> None:
    order = closed_order(new_basket(new_product(title="Kiondo"), new_download("Kitabu")))

    assert restored(order) == ([], {"Kiondo": 2, "Kitabu": 2})


def test_user_keeps_the_lines_already_in_the_basket(achieng: Any) -> None:
    kiondo, shuka = new_product(title="Kiondo", stock=5), new_product(title="Shuka")
    order = closed_order(new_basket(kiondo, user=achieng))
    basket = new_basket(kiondo, shuka, user=achieng, quantity=3)

    missing = copy_to_basket(order, basket, user=achieng)

    assert missing == []
    assert [line.quantity for line in basket.all_lines()] == [5, 3]


def test_line_options_are_copied() -> None:
    product, option = new_product(), Option.objects.create(name="Engraving", code="engraving")
    basket = new_basket(product)
    basket.add_product(product, 1, [{"option": option, "value": "Asha"}])
    order = closed_order(basket)
    new = empty_basket()

    missing = copy_to_basket(order, new, user=AnonymousUser())

    plain, engraved = new.all_lines()
    assert missing == []
    assert (plain.quantity, plain.attributes.count()) == (2, 0)
    assert (engraved.quantity, engraved.attributes.get().option, engraved.attributes.get().value) == (1, option, "Asha")


def test_deleted_option_is_dropped() -> None:
    product, option = new_product(), Option.objects.create(name="Engraving", code="engraving")
    basket = new_basket()
    basket.add_product(product, 1, [{"option": option, "value": "Asha"}])
    order = closed_order(basket)
    option.delete()

    assert restored(order) == ([], {"Kiondo": 1})


def new_variant(size: str) -> Any:
    parent = factories.create_product(title="Kanzu", structure="parent", product_class="Goods")
    price = Decimal("900.00")
    return factories.create_product(title=f"Kanzu {size}", parent=parent, price=price, num_in_stock=5, partner_name="D")


def test_same_variant_is_copied() -> None:
    order = closed_order(new_basket(new_variant("L")))

    assert restored(order) == ([], {"Kanzu L": 2})


def test_variant_of_hidden_parent_is_left_out() -> None:
    variant = new_variant("L")
    order = closed_order(new_basket(variant))
    type(variant).objects.filter(pk=variant.parent_id).update(is_public=False)

    assert restored(order) == (["Kanzu L"], {})


def test_short_product_is_reduced_and_named() -> None:
    short, there = new_product(title="Kiondo", stock=5), new_product(title="Shuka")
    order = closed_order(new_basket(short, there, quantity=3))
    short.stockrecords.update(num_in_stock=2)

    assert restored(order) == (["Kiondo"], {"Kiondo": 2, "Shuka": 3})


def test_quantity_already_in_the_basket_counts() -> None:
    product = new_product(title="Kiondo", stock=4)
    order = closed_order(new_basket(product, quantity=3))

    assert restored(order, new_basket(product, quantity=2)) == (["Kiondo"], {"Kiondo": 4})


def test_two_lines_of_one_product_share_its_stock() -> None:
    product, option = new_product(stock=4), Option.objects.create(name="Engraving", code="engraving")
    basket = new_basket(product)
    basket.add_product(product, 2, [{"option": option, "value": "Asha"}])
    order = closed_order(basket)
    product.stockrecords.update(num_in_stock=3)
    new = empty_basket()

    missing = copy_to_basket(order, new, user=AnonymousUser())

    assert (missing, [line.quantity for line in new.all_lines()]) == (["Kiondo"], [2, 1])


def test_basket_limit_of_the_shop_applies(settings: Any) -> None:
    order = closed_order(new_basket(new_product(title="Kiondo"), new_product(title="Shuka"), quantity=3))
    settings.OSCAR_MAX_BASKET_QUANTITY_THRESHOLD = 4

    assert restored(order) == (["Shuka"], {"Kiondo": 3, "Shuka": 1})


def sell_out(product: Any) -> None:
    product.stockrecords.update(num_in_stock=0)


def hide(product: Any) -> None:
    type(product).objects.filter(pk=product.pk).update(is_public=False)


def delete(product: Any) -> None:
    product.delete()


def remove_stock_record(product: Any) -> None:
    product.stockrecords.all().delete()


def sell_without_a_price(product: Any) -> None:
    product.stockrecords.update(price=None)


def sell_in_dollars(product: Any) -> None:
    product.stockrecords.update(price_currency="USD")


@pytest.mark.parametrize(
    "changes", [sell_out, hide, delete, remove_stock_record, sell_without_a_price, sell_in_dollars]
)
def test_unavailable_product_is_left_out_and_named(changes: Any) -> None:
    there, gone = new_product(title="Shuka"), new_product(title="Kiondo")
    order = closed_order(new_basket(there, gone))
    changes(gone)

    assert restored(order) == (["Kiondo"], {"Shuka": 2})


def test_guest_gets_no_basket_if_nothing_is_available() -> None:
    product = new_product(title="Kiondo")
    order = closed_order(new_basket(product, vouchers=[new_voucher()]))
    product.delete()
    basket = empty_basket()

    assert restored(order, basket) == (["Kiondo"], {})

    assert basket.pk is None


def test_todays_price_applies() -> None:
    product = new_product()
    order = closed_order(new_basket(product))
    product.stockrecords.update(price=Decimal(1700))
    basket = empty_basket()

    copy_to_basket(order, basket, user=AnonymousUser())

    assert basket.all_lines()[0].price_excl_tax == 1700


@pytest.mark.parametrize("usage", [Voucher.SINGLE_USE, Voucher.MULTI_USE, Voucher.ONCE_PER_CUSTOMER])
def test_voucher_can_be_used_again(achieng: Any, usage: str) -> None:
    voucher = new_voucher(usage=usage)
    order = closed_order(new_basket(new_product(), user=achieng, vouchers=[voucher]))
    basket = empty_basket(owner=achieng)

    copy_to_basket(order, basket, user=achieng)

    assert list(basket.vouchers.all()) == [voucher]
    assert place(new_basket(new_product(), user=achieng, vouchers=basket.vouchers.all())).discounts.count() == 1


def test_expired_used_and_deleted_vouchers_are_left_out() -> None:
    kept, past, used, gone = (new_voucher(code) for code in ("KEPT", "PAST", "USED", "GONE"))
    order = closed_order(new_basket(new_product(), vouchers=[kept, past, used, gone]))
    Voucher.objects.filter(pk=past.pk).update(end_datetime=timezone.now() - timedelta(minutes=1))
    place(new_basket(new_product(), vouchers=[used]))
    gone.delete()
    basket = empty_basket()

    copy_to_basket(order, basket, user=AnonymousUser())

    assert list(basket.vouchers.all()) == [kept]


def test_voucher_for_users_is_not_given_to_a_guest(achieng: Any) -> None:
    voucher = new_voucher(usage=Voucher.ONCE_PER_CUSTOMER)
    order = closed_order(new_basket(new_product(), user=achieng, vouchers=[voucher]))
    basket = empty_basket()

    copy_to_basket(order, basket, user=AnonymousUser())

    assert not basket.vouchers.exists()


def test_order_is_restored_once_and_its_basket_stays_submitted() -> None:
    order = closed_order(new_basket(new_product(title="Kiondo")))
    mpesa_order, basket = MpesaOrder.objects.get(pk=order.pk), empty_basket()

    missing = restore_basket(mpesa_order, basket, actor=OWNER, user=AnonymousUser(), now=later(40))

    with pytest.raises(NotRestorable):
        restore_basket(mpesa_order, basket, actor=OWNER, user=AnonymousUser(), now=later(50))
    mpesa_order.refresh_from_db()
    order.basket.refresh_from_db()
    assert (missing, mpesa_order.basket_restored_at, order.basket.status) == ([], later(40), Basket.SUBMITTED)
    assert [line.quantity for line in basket.all_lines()] == [2]


def test_order_awaiting_payment_is_not_restored() -> None:
    order = place(new_basket(new_product()))
    new_payment(order, phone=CANCELS)

    with pytest.raises(NotRestorable):
        restore_basket(order.mpesa, empty_basket(), actor=OWNER, user=AnonymousUser(), now=later(40))


def test_order_with_money_is_not_restored() -> None:
    order = place(new_basket(new_product()))
    payment = new_payment(order, phone=CANCELS)
    post(payment, failure(payment), now=later(20))
    close_for_other_method(order, actor=OWNER, now=later(30))
    pay(payment, now=later(35))

    with pytest.raises(NotRestorable):
        restore_basket(payment.mpesa_order, empty_basket(), actor=OWNER, user=AnonymousUser(), now=later(40))


def test_failed_restore_can_be_repeated() -> None:
    order = closed_order(new_basket(new_product()))
    frozen = empty_basket()
    frozen.save()
    frozen.freeze()

    with pytest.raises(PermissionDenied):
        restore_basket(order.mpesa, frozen, actor=OWNER, user=AnonymousUser(), now=later(40))

    assert MpesaOrder.objects.get(pk=order.pk).basket_restored_at is None
