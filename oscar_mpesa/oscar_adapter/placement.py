"""Guards around placing an order, where Oscar has none: the double click and the last item in stock."""

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
    """The order that this basket became already, its row locked first: of two clicks the second waits, then sees it.

    Must be called inside a transaction.
    """
    locked = Basket._base_manager.select_for_update().get(pk=basket.pk)
    if locked.status != Basket.SUBMITTED:
        return None
    return Order._default_manager.filter(basket_id=basket.pk).first()


def require_stock(basket: Any, strategy: Any) -> None:
    """Look once more at the stock of every line, with all that placing will count locked in Oscar's order of locks.

    Must be called inside a transaction. Raises Oscar's ``UnableToPlaceOrder`` with a sentence for the shopper.
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
