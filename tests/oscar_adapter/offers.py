"""Builders of offers, vouchers, baskets and orders, and the counters that an order changes."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.utils import timezone
from oscar.apps.shipping.methods import Free
from oscar.core.loading import get_class, get_model
from oscar.test import factories

from oscar_mpesa.oscar_adapter.stock import release_stock, retake_stock
from oscar_mpesa.services.locks import lock_order

ConditionalOffer = get_model("offer", "ConditionalOffer")
OrderDiscount = get_model("order", "OrderDiscount")
ProductClass = get_model("catalogue", "ProductClass")
Voucher = get_model("voucher", "Voucher")

#: Rows outside the order that placing it changes. Oscar's date of a user's last order is not a counter.
COUNTERS = {
    "stock": ("partner.StockRecord", "pk num_in_stock num_allocated"),
    "vouchers": ("voucher.Voucher", "code num_orders total_discount"),
    "applications": ("voucher.VoucherApplication", "voucher order user"),
    "offers": ("offer.ConditionalOffer", "name status num_applications total_discount num_orders"),
    "products": ("analytics.ProductRecord", "product num_purchases"),
    "users": ("analytics.UserRecord", "user num_orders num_order_lines num_order_items total_spent"),
}

#: Rows of the order itself that closing it changes.
OWN = {
    "lines": ("order.Line", "pk num_allocated allocation_cancelled"),
    "discounts": ("order.OrderDiscount", "pk frequency amount"),
}


def counted(tables: dict[str, tuple[str, str]] = COUNTERS) -> dict[str, Any]:
    """Read the shop's counters from the database."""
    return {
        name: sorted(get_model(*model.split("."))._base_manager.values_list(*fields.split()), key=repr)
        for name, (model, fields) in tables.items()
    }


def new_offer(name: str = "Karibu", *, percent: int = 10, voucher: Any = None, **limits: Any) -> Any:
    """Create an offer on every product, for everybody or with a voucher. ``limits`` are fields of the offer."""
    everything, _ = get_model("offer", "Range").objects.get_or_create(name="all", includes_all_products=True)
    condition = get_model("offer", "Condition").objects.create(range=everything, type="Count", value=1)
    benefit = get_model("offer", "Benefit").objects.create(range=everything, type="Percentage", value=percent)
    kind = ConditionalOffer.VOUCHER if voucher else ConditionalOffer.SITE
    defaults = {"exclusive": False, "offer_type": kind, "condition": condition, "benefit": benefit}
    offer = ConditionalOffer.objects.create(name=name, **{**defaults, **limits})
    for other in ConditionalOffer.objects.exclude(pk=offer.pk):
        offer.combinations.add(other)
        other.combinations.add(offer)
    if voucher:
        voucher.offers.add(offer)
    return offer


def new_voucher(code: str = "KARIBU10", *, usage: str = Voucher.SINGLE_USE, percent: int = 10) -> Any:
    """Create a voucher with its own offer. By default it can be used once."""
    now = timezone.now()
    dates = {"start_datetime": now - timedelta(days=1), "end_datetime": now + timedelta(days=1)}
    voucher = Voucher.objects.create(name=code, code=code, usage=usage, **dates)
    new_offer(f"Offer of {code}", voucher=voucher, percent=percent)
    return voucher


def new_download(title: str = "Kitabu") -> Any:
    """Create a product whose stock is not tracked."""
    product = factories.create_product(title=title, price=Decimal(100), num_in_stock=0, product_class="Downloads")
    ProductClass.objects.filter(name="Downloads").update(track_stock=False)
    return type(product).objects.get(pk=product.pk)


def new_basket(*products: Any, user: Any = None, vouchers: Any = (), quantity: int = 2) -> Any:
    """Create an open basket with ``quantity`` of each product and its offers applied."""
    basket = factories.create_basket(empty=True)
    basket.owner = user
    basket.save()
    for product in products:
        basket.add_product(product, quantity)
    basket.vouchers.add(*vouchers)
    get_class("offer.applicator", "Applicator")().apply(basket, user or AnonymousUser())
    return basket


def place(basket: Any, *, status: str = "Pending payment") -> Any:
    """Place an order from a basket as Oscar's checkout does."""
    charge = Free().calculate(basket)
    order = get_class("order.utils", "OrderCreator")().place_order(
        basket=basket,
        total=get_class("checkout.calculators", "OrderTotalCalculator")().calculate(basket, charge),
        shipping_method=Free(),
        shipping_charge=charge,
        user=basket.owner or AnonymousUser(),
        status=status,
        site=get_model("sites", "Site").objects.get(pk=1),
        **({} if basket.owner else {"guest_email": "guest@example.com"}),
    )
    basket.submit()
    return order


def release(order: Any) -> dict[str, Any]:
    """Release an order's stock as the services do: in a transaction, with the order locked."""
    with transaction.atomic():
        return release_stock(lock_order(order.pk))


def retake(order: Any, stock_snapshot: dict[str, Any]) -> bool:
    """Retake an order's stock as the services do: in a transaction, with the order locked."""
    with transaction.atomic():
        return retake_stock(lock_order(order.pk), stock_snapshot)
