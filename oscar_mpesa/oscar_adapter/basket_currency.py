"""Bring baskets into the shop's new currency that were filled before the shop changed it to shillings.

Oscar adds up a basket at today's prices, but takes the currency that each line had when it was added. So after the
change, such a basket costs 1,500 pounds instead of 1,500 shillings, and takes no product that is priced in shillings.
"""

from __future__ import annotations

from typing import Any

from oscar.core.loading import get_model

from oscar_mpesa.domain.money import CURRENCY

Line = get_model("basket", "Line")


def use_shillings(basket: Any) -> bool:
    """Store shillings with all lines if today's prices are in shillings; return whether a line had another currency.

    Leaves a basket as it is if a price of today is in another currency, or missing. Makes no query for a basket whose
    lines are in shillings.
    """
    lines = list(basket.all_lines())
    old = [line for line in lines if line.price_currency != CURRENCY]
    if not old or any(_currency_of(line) != CURRENCY for line in lines):
        return False
    for line in old:
        price = line.purchase_info.price
        line.price_currency = CURRENCY
        line.price_excl_tax = price.excl_tax
        line.price_incl_tax = price.incl_tax if price.is_tax_known else None
        stored = {name: getattr(line, name) for name in ("price_currency", "price_excl_tax", "price_incl_tax")}
        Line._base_manager.filter(pk=line.pk).update(**stored)
    return True


def has_foreign_price(basket: Any) -> bool:
    """Return whether a price of today is in another currency, whatever currency its line has."""
    return any(_currency_of(line) not in {CURRENCY, None} for line in basket.all_lines())


def _currency_of(line: Any) -> str | None:
    price = line.purchase_info.price
    return price.currency if price.exists else None
