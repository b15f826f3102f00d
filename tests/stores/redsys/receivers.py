"""Place the order when the bank confirms its payment, without the shopper's session."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.dispatch import receiver
from oscar.core.loading import get_class, get_model
from oscar.core.prices import Price

from tests.stores.redsys.signals import payment_confirmed


@receiver(payment_confirmed)
def place_order(sender: Any, order_number: str, parameters: dict[str, Any], **kwargs: Any) -> None:
    """Place the frozen basket that the bank's data names."""
    sale = parameters["Ds_MerchantData"]
    basket = get_model("basket", "Basket").objects.get(pk=sale["basket"], status="Frozen")
    basket.strategy = get_class("partner.strategy", "Selector")().strategy()
    address = get_model("order", "ShippingAddress")(**sale["address"])
    address.save()
    paid = Decimal(parameters["Ds_Amount"]) / 100
    method = get_class("shipping.repository", "Repository")().get_default_shipping_method(basket=basket)
    order = get_class("order.utils", "OrderCreator")().place_order(
        basket,
        Price("KES", excl_tax=paid, incl_tax=paid),
        method,
        method.calculate(basket),
        shipping_address=address,
        order_number=order_number,
        guest_email=sale["email"],
    )
    basket.submit()
    kind, _ = get_model("payment", "SourceType").objects.get_or_create(code="redsys", defaults={"name": "Redsys"})
    order.sources.create(source_type=kind, currency="KES", amount_allocated=paid, amount_debited=paid)
