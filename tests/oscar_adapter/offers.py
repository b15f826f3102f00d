"""A shop with offers and vouchers: baskets that earn them, the orders they become, and all that an order moves."""

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

#: What an order moves when it is placed, outside its own rows. Oscar's date of a user's last order is no counter.
COUNTERS = {
    "stock": ("partner.StockRecord", "pk num_in_stock num_allocated"),
    "vouchers": ("voucher.Voucher", "code num_orders total_discount"),
    "applications": ("voucher.VoucherApplication", "voucher order user"),
    "offers": ("offer.ConditionalOffer", "name status num_applications total_discount num_orders"),
    "products": ("analytics.ProductRecord", "product num_purchases"),
    "users": ("analytics.UserRecord", "user num_orders num_order_lines num_order_items total_spent"),
}

#: And in its own.
OWN = {
    "lines": ("order.Line", "pk num_allocated allocation_cancelled"),
    "discounts": ("order.OrderDiscount", "pk frequency amount"),
}


def counted(tables: dict[str, tuple[str, str]] = COUNTERS) -> dict[str, Any]:
    """The shop's counters as they stand in the database."""
    return {
        name: sorted(get_model(*model.split("."))._base_manager.values_list(*fields.split()), key=repr)
        for name, (model, fields) in tables.items()
    }


def new_offer(name: str = "Karibu", *, percent: int = 10, voucher: Any = None, **limits: Any) -> Any:
    """So much off everything, for all or with a voucher; ``limits`` are the offer's own fields."""
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
    """A voucher with an offer of its own; it can be used once, unless told otherwise."""
    now = timezone.now()
    dates = {"start_datetime": now - timedelta(days=1), "end_datetime": now + timedelta(days=1)}
    voucher = Voucher.objects.create(name=code, code=code, usage=usage, **dates)
    new_offer(f"Offer of {code}", voucher=voucher, percent=percent)
    return voucher


def new_download(title: str = "Kitabu") -> Any:
    """Something that is sold without counting it."""
    product = factories.create_product(title=title, price=Decimal(100), num_in_stock=0, product_class="Downloads")
    ProductClass.objects.filter(name="Downloads").update(track_stock=False)
    return type(product).objects.get(pk=product.pk)


def new_basket(*products: Any, user: Any = None, vouchers: Any = (), quantity: int = 2) -> Any:
    """An open basket with these products, so many of each, and the offers that they earn."""
    basket = factories.create_basket(empty=True)
    basket.owner = user
    basket.save()
    for product in products:
        basket.add_product(product, quantity)
    basket.vouchers.add(*vouchers)
    get_class("offer.applicator", "Applicator")().apply(basket, user or AnonymousUser())
    return basket


def place(basket: Any, *, status: str = "Pending payment") -> Any:
    """Order a basket as Oscar's checkout does."""
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
    """Give an order back as the lifecycle does: in a transaction, its row locked first."""
    with transaction.atomic():
        return release_stock(lock_order(order.pk))


def reinstate(order: Any, stock_snapshot: dict[str, Any]) -> bool:
    """Take it again in the same way."""
    with transaction.atomic():
        return retake_stock(lock_order(order.pk), stock_snapshot)
