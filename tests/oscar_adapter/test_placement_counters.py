"""Two baskets that are placed at once are both counted by their offer and voucher (A14)."""

from __future__ import annotations

from typing import Any

import pytest

from oscar_mpesa.oscar_adapter.placement import lock_and_check
from tests.oscar_adapter.offers import ConditionalOffer, Voucher, new_basket, new_offer, new_voucher, place
from tests.shop import new_product

pytestmark = pytest.mark.django_db


def place_with_locks(basket: Any) -> None:
    """Place a basket as our checkout does."""
    lock_and_check(basket, basket.strategy)
    place(basket)


def test_offer_counts_both_of_two_baskets_priced_before() -> None:
    new_offer()
    product = new_product(price="100.00")
    first, second = new_basket(product), new_basket(product)

    place_with_locks(first)
    place_with_locks(second)

    offer = ConditionalOffer.objects.get()
    assert (offer.num_applications, offer.num_orders, offer.total_discount) == (2, 2, 40)


def test_voucher_with_two_offers_counts_both_baskets() -> None:
    voucher = new_voucher(usage=Voucher.MULTI_USE)
    new_offer("Second of the voucher", voucher=voucher)
    product = new_product(price="100.00")
    first, second = new_basket(product, vouchers=[voucher]), new_basket(product, vouchers=[voucher])

    place_with_locks(first)
    place_with_locks(second)

    voucher.refresh_from_db()
    given = sum(offer.total_discount for offer in ConditionalOffer.objects.all())
    assert (voucher.num_orders, voucher.total_discount) == (2, given)
    assert given > 40


def test_offer_that_staff_suspended_stays_suspended() -> None:
    offer = new_offer()
    basket = new_basket(new_product(price="100.00"))
    ConditionalOffer.objects.update(status=ConditionalOffer.SUSPENDED)

    place_with_locks(basket)

    offer.refresh_from_db()
    assert (offer.status, offer.num_orders) == ("Suspended", 1)
