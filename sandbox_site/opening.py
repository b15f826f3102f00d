"""Opening the shop: each step creates what is absent and leaves alone what is there."""

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

from sandbox_site import people, pictures
from sandbox_site.goods import CATEGORIES, GOODS, Good

VOUCHER_CODE = "KARIBU"


@transaction.atomic
def open_shop() -> int:
    """Create the demo shop and return how many products were new; a second call changes nothing."""
    _put_up_the_sign()
    _ship_within_kenya()
    people.invite()
    new = [_stock(good) for good in GOODS if not _is_sold(good)]
    if new:
        _describe_categories()
    _announce_offer()
    _print_voucher()
    return len(new)


def _put_up_the_sign() -> None:
    Site.objects.update_or_create(
        pk=settings.SITE_ID, defaults={"domain": settings.SITE_DOMAIN, "name": settings.OSCAR_SHOP_NAME}
    )


def _ship_within_kenya() -> None:
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


def _is_sold(good: Good) -> bool:
    return bool(get_model("partner", "StockRecord").objects.filter(partner_sku=good.picture).exists())


def _stock(good: Good) -> Any:
    """Put one product on the shelf, with its picture, its price and its stock."""
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


def _announce_offer() -> None:
    """Ten per cent off the pantry: whole shillings become cents, as sales do."""
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


def _print_voucher() -> None:
    """KSh 150 off anything, for whoever types the code, as often as they like."""
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
