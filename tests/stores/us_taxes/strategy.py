"""Choose the stock record of the shopper's currency, and leave the tax to the checkout."""

from __future__ import annotations

from typing import Any

from oscar.apps.partner import strategy


class American(strategy.StockRequired, strategy.DeferredTax, strategy.Structured):
    """Sell from the partner whose prices are in the currency of the shopper's cookie."""

    def select_stockrecord(self, product: Any) -> Any:
        currency = self.request.COOKIES.get("currency", "KES") if self.request else "KES"
        return product.stockrecords.filter(price_currency=currency).first()


class Selector(strategy.Selector):
    """Return the shop's only strategy."""

    def strategy(self, request: Any = None, user: Any = None, **kwargs: Any) -> American:
        return American(request)
