"""The things of a released order go back into the shopper's basket, once. Its own basket is never thawed.

Oscar derives order numbers from baskets, so a thawed basket could never be ordered again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaOrder
from oscar_mpesa.services.order_closure import mark_basket_restored

Voucher = get_model("voucher", "Voucher")


def restore_basket(mpesa_order: MpesaOrder, basket: Any, *, user: Any, now: datetime) -> list[str]:
    """Copy a released order into a basket, once an order, in one transaction; say what was left out or shortened.

    Locks the order, so that late money cannot take up again what is in a basket. Raises ``NotRestorable``: it is not
    released, was copied already, or its money came.
    """
    with transaction.atomic():
        handed_back = mark_basket_restored(mpesa_order.order, now=now)
        return copy_to_basket(handed_back.order, basket, user=user)


def copy_to_basket(order: Any, basket: Any, *, user: Any) -> list[str]:
    """Copy an order's lines and its vouchers that are still good into an open basket, whose strategy is set.

    Today's prices, stock and offers hold. Returns the titles of what is gone, not for sale, or short.
    """
    missing = [line.title for line in order.lines.all() if _copy(line, basket) < line.quantity]
    if basket.pk:
        basket.vouchers.add(*_good_vouchers(order, user))
    return missing


def _copy(line: Any, basket: Any) -> int:
    """How many of a line's things went into the basket."""
    if not _is_shown(line.product):
        return 0
    options = [{"option": each.option, "value": each.value} for each in line.attributes.all() if each.option]
    quantity = _possible_quantity(line, basket, options)
    if quantity:
        basket.add_product(line.product, quantity, options)
    return quantity


def _is_shown(product: Any) -> bool:
    if product is None or not product.is_public:
        return False
    return not product.is_child or product.parent.is_public


def _possible_quantity(line: Any, basket: Any, options: list[dict[str, Any]]) -> int:
    """As many as Oscar would let a shopper put into this basket beside what is in it already."""
    info = basket.get_stock_info(line.product, options)
    if info.stockrecord is None or not info.price.exists or basket.currency not in {None, info.price.currency}:
        return 0
    room, _ = basket.max_allowed_quantity()
    most = line.quantity if room is None else min(line.quantity, room)
    there = basket.product_quantity(line.product)
    is_permitted = info.availability.is_purchase_permitted
    return next((quantity for quantity in range(most, 0, -1) if is_permitted(there + quantity)[0]), 0)


def _good_vouchers(order: Any, user: Any) -> list[Any]:
    vouchers = Voucher.objects.filter(pk__in=order.mpesa.stock_snapshot.get("vouchers", []))
    return [each for each in vouchers if each.is_active() and each.is_available_to_user(user=user)[0]]
