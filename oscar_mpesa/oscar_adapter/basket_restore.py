"""Copy the lines of a closed order into the shopper's basket, once.

The order's own basket stays frozen: Oscar derives order numbers from baskets, so it could never be ordered again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaOrder
from oscar_mpesa.services.actors import Actor
from oscar_mpesa.services.order_closure import mark_basket_restored

Voucher = get_model("voucher", "Voucher")


def restore_basket(mpesa_order: MpesaOrder, basket: Any, *, actor: Actor, user: Any, now: datetime) -> list[str]:
    """Copy a closed order into a basket, once per order. Return the titles that are missing or fewer.

    Runs in one transaction with the order locked, so that late money cannot reopen an order that is in a basket.
    Raises ``PermissionDenied`` if the actor does not own the order, and ``NotRestorable`` if the order is not closed,
    was restored already, or money arrived for it or may come.
    """
    with transaction.atomic():
        restored = mark_basket_restored(mpesa_order.order, actor=actor, now=now)
        return copy_to_basket(restored.order, basket, user=user)


def copy_to_basket(order: Any, basket: Any, *, user: Any) -> list[str]:
    """Copy an order's lines and valid vouchers into an open basket that has its strategy set.

    Today's prices, stock and offers apply. Returns the titles of lines that are unavailable or have fewer left.
    """
    missing = [line.title for line in order.lines.all() if _copy(line, basket) < line.quantity]
    if basket.pk:
        basket.vouchers.add(*_valid_vouchers(order, user))
    return missing


def _copy(line: Any, basket: Any) -> int:
    """Return the quantity of a line that went into the basket."""
    if not _is_public(line.product):
        return 0
    options = [{"option": each.option, "value": each.value} for each in line.attributes.all() if each.option]
    quantity = _possible_quantity(line, basket, options)
    if quantity:
        basket.add_product(line.product, quantity, options)
    return quantity


def _is_public(product: Any) -> bool:
    if product is None or not product.is_public:
        return False
    return not product.is_child or product.parent.is_public


def _possible_quantity(line: Any, basket: Any, options: list[dict[str, Any]]) -> int:
    """Return the largest quantity that Oscar lets the shopper add to this basket, up to the line's own."""
    info = basket.get_stock_info(line.product, options)
    if info.stockrecord is None or not info.price.exists or basket.currency not in {None, info.price.currency}:
        return 0
    allowed, _ = basket.max_allowed_quantity()
    largest = line.quantity if allowed is None else min(line.quantity, allowed)
    in_basket = basket.product_quantity(line.product)
    is_permitted = info.availability.is_purchase_permitted
    return next((quantity for quantity in range(largest, 0, -1) if is_permitted(in_basket + quantity)[0]), 0)


def _valid_vouchers(order: Any, user: Any) -> list[Any]:
    vouchers = Voucher.objects.filter(pk__in=order.mpesa.stock_snapshot.get("vouchers", []))
    return [each for each in vouchers if each.is_active() and each.is_available_to_user(user=user)[0]]
