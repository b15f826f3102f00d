"""Protect order placement against double clicks and against selling the last item twice."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from oscar.core.loading import get_class, get_model

from oscar_mpesa.oscar_adapter.locks import lock_offers_and_vouchers, lock_stock

UnableToPlaceOrder = get_class("order.exceptions", "UnableToPlaceOrder")
Basket = get_model("basket", "Basket")
Order = get_model("order", "Order")

SOLD_OUT = _("“%(title)s” has just sold out or run short (%(reason)s). Change your basket and order again.")


def order_of_basket(basket: Any) -> Any | None:
    """Return the order that was placed from this basket, or None. Call it inside a transaction.

    Locks the basket's row first, so that the second of two clicks waits and then finds the order.
    """
    locked = Basket._base_manager.select_for_update().get(pk=basket.pk)
    if locked.status != Basket.SUBMITTED:
        return None
    return Order._default_manager.filter(basket_id=basket.pk).first()


def require_stock(basket: Any, strategy: Any) -> None:
    """Check the stock of every line again, with vouchers, offers and stock locked in Oscar's order.

    Call it inside a transaction. Raises Oscar's ``UnableToPlaceOrder`` with a message for the shopper.
    """
    wanted: dict[int, int] = {}
    lines = list(basket.all_lines())
    for line in lines:
        wanted[line.stockrecord_id] = wanted.get(line.stockrecord_id, 0) + line.quantity
    lock_offers_and_vouchers(basket)
    locked = lock_stock(wanted)
    for line in lines:
        info = strategy.fetch_for_product(line.product, locked[line.stockrecord_id])
        permitted, reason = info.availability.is_purchase_permitted(wanted[line.stockrecord_id])
        if not permitted:
            raise UnableToPlaceOrder(SOLD_OUT % {"title": line.product.get_title(), "reason": reason})
