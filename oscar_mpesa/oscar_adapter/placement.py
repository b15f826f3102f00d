"""Protect order placement against double clicks, and against selling the last item or using up an offer twice."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext_lazy as _
from oscar.core.loading import get_class, get_model

from oscar_mpesa.conf import get_settings
from oscar_mpesa.oscar_adapter.locks import lock_offers_and_vouchers, lock_statistics, lock_stock

BasketMiddleware = get_class("basket.middleware", "BasketMiddleware")
UnableToPlaceOrder = get_class("order.exceptions", "UnableToPlaceOrder")
Basket = get_model("basket", "Basket")
Order = get_model("order", "Order")

SOLD_OUT = _("“%(title)s” has just sold out or run short (%(reason)s). Change your basket and order again.")


class OfferUsedUp(Exception):
    """Others used up an offer since the basket was priced: it costs more now."""


def order_of_basket(basket: Any) -> Any | None:
    """Return the order that was placed from this basket, or None. Call it inside a transaction.

    Locks the basket's row first, so that the second of two clicks waits and then finds the order.
    """
    locked = Basket._base_manager.select_for_update().get(pk=basket.pk)
    if locked.status != Basket.SUBMITTED:
        return None
    return Order._default_manager.filter(basket_id=basket.pk).first()


def make_pending(order: Any) -> None:
    """Give a new order the pending status if the shop's own ``place_order`` gave it another one."""
    pending = get_settings().PENDING_STATUS
    if order.status != pending:
        order.status = pending
        order.save(update_fields=["status"])


def lock_and_check(basket: Any, strategy: Any) -> None:
    """Lock all that placing this basket changes, in the order of ``locks``, and check its offers and stock again.

    Call it inside a transaction. Raises ``OfferUsedUp``, and Oscar's ``UnableToPlaceOrder`` with a message for the
    shopper if a line is not in stock, or a voucher is used up.
    """
    wanted: dict[int, int] = {}
    lines = list(basket.all_lines())
    for line in lines:
        wanted[line.stockrecord_id] = wanted.get(line.stockrecord_id, 0) + line.quantity
    vouchers, used_up = lock_offers_and_vouchers(basket)
    locked = lock_stock(wanted)
    lock_statistics(line.product_id for line in lines)
    if used_up:
        raise OfferUsedUp(", ".join(offer.name for offer in used_up))
    _require_available(vouchers, basket)
    for line in lines:
        info = strategy.fetch_for_product(line.product, locked[line.stockrecord_id])
        permitted, reason = info.availability.is_purchase_permitted(wanted[line.stockrecord_id])
        if not permitted:
            raise UnableToPlaceOrder(SOLD_OUT % {"title": line.product.get_title(), "reason": reason})


def _require_available(vouchers: list[Any], basket: Any) -> None:
    """Raise Oscar's ``UnableToPlaceOrder`` for a voucher at which Oscar's own placement would fail."""
    for voucher in vouchers:
        is_available, why = voucher.is_available_to_user(user=basket.owner or AnonymousUser())
        if voucher.is_active() and not is_available:
            raise UnableToPlaceOrder(why)


def reload_basket(request: Any) -> None:
    """Replace the request's basket by a fresh one with its offers applied, as Oscar's middleware loads it."""
    basket = Basket._base_manager.get(pk=request.basket.pk)
    basket.strategy = request.strategy
    BasketMiddleware(get_response=None).apply_offers_to_basket(request, basket)
    request.basket = basket
