"""Create the demo shop. Each step creates what is missing and leaves the rest unchanged."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.sites.models import Site
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone
from oscar.apps.catalogue.categories import create_from_breadcrumbs
from oscar.core.loading import get_model

from sandbox_site import pictures
from sandbox_site.goods import CATEGORIES, GOODS, Good

VOUCHER_CODE = "KARIBU"


@transaction.atomic
def create_shop() -> int:
    """Create the demo shop without its users, and return the number of new products. A second call changes nothing."""
    _create_site()
    _create_country()
    new = [_create_product(good) for good in GOODS if not _has_product(good)]
    if new:
        _describe_categories()
    _create_offer()
    _create_voucher()
    return len(new)


def _create_site() -> None:
    Site.objects.update_or_create(
        pk=settings.SITE_ID, defaults={"domain": settings.SITE_DOMAIN, "name": settings.OSCAR_SHOP_NAME}
    )


def _create_country() -> None:
    get_model("address", "Country").objects.get_or_create(
        iso_3166_1_a2="KE",
        defaults={
            "iso_3166_1_a3": "KEN",
            "iso_3166_1_numeric": "404",
            "printable_name": "Kenya",
            "name": "Republic of Kenya",
            "is_shipping_country": True,
        },
    )


def _has_product(good: Good) -> bool:
    return bool(get_model("partner", "StockRecord").objects.filter(partner_sku=good.picture).exists())


def _create_product(good: Good) -> Any:
    """Create a product with its picture, price and stock."""
    kind, _ = get_model("catalogue", "ProductClass").objects.get_or_create(
        name="Goods", defaults={"requires_shipping": True, "track_stock": True}
    )
    partner, _ = get_model("partner", "Partner").objects.get_or_create(name=settings.OSCAR_SHOP_NAME)
    product = get_model("catalogue", "Product").objects.create(
        product_class=kind, title=good.title, description=f"<p>{good.description}</p>"
    )
    product.categories.add(create_from_breadcrumbs(good.category, separator=">"))
    product.stockrecords.create(
        partner=partner, partner_sku=good.picture, price_currency="KES", price=good.price, num_in_stock=good.stock
    )
    product.images.create(original=ContentFile(pictures.draw(good.picture), name=f"{good.picture}.jpg"))
    return product


def _describe_categories() -> None:
    for category in get_model("catalogue", "Category").objects.filter(name__in=CATEGORIES, description=""):
        category.description = CATEGORIES[category.name]
        category.save()


def _create_offer() -> None:
    """Create an offer of 10% off the pantry, which leads to totals with cents."""
    if _offers().filter(slug="pantry-week").exists():
        return
    pantry, _ = _ranges().get_or_create(name="The pantry", defaults={"is_public": True})
    pantry.included_categories.add(get_model("catalogue", "Category").objects.get(name="Pantry"))
    _offers().create(
        slug="pantry-week",
        name="Pantry week",
        description="10% off coffee, tea, honey, nuts and spice.",
        offer_type="Site",
        exclusive=False,
        condition=_condition(pantry),
        benefit=get_model("offer", "Benefit").objects.create(range=pantry, type="Percentage", value=Decimal(10)),
    )


def _create_voucher() -> None:
    """Create a voucher of KSh 150 off any product, which anybody can use any number of times."""
    vouchers = get_model("voucher", "Voucher").objects
    if vouchers.filter(code=VOUCHER_CODE).exists():
        return
    everything, _ = _ranges().get_or_create(name="Everything", defaults={"includes_all_products": True})
    offer = _offers().create(
        slug="karibu",
        name="Karibu: KSh 150 off",
        offer_type="Voucher",
        exclusive=False,
        condition=_condition(everything),
        benefit=get_model("offer", "Benefit").objects.create(range=everything, type="Absolute", value=Decimal(150)),
    )
    now = timezone.now()
    voucher = vouchers.create(
        name="Karibu",
        code=VOUCHER_CODE,
        usage="Multi-use",
        start_datetime=now,
        end_datetime=now + timedelta(days=3650),
    )
    voucher.offers.add(offer)


def _condition(goods: Any) -> Any:
    return get_model("offer", "Condition").objects.create(range=goods, type="Count", value=Decimal(1))


def _offers() -> Any:
    return get_model("offer", "ConditionalOffer").objects


def _ranges() -> Any:
    return get_model("offer", "Range").objects
