"""Lock rows in Oscar's order, to avoid deadlocks between placing, closing and reopening orders.

Lock vouchers first, in their model's order; then offers, as they were applied; then all stock records of the order by
id, also those whose stock is not tracked; then the statistics by product. Oscar locks nothing else of other orders.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models, transaction
from oscar.core.loading import get_model

ConditionalOffer = get_model("offer", "ConditionalOffer")
ProductRecord = get_model("analytics", "ProductRecord")
StockRecord = get_model("partner", "StockRecord")

#: Fields of an offer that Oscar writes when it places a basket.
COUNTED = ("status", "num_applications", "total_discount", "num_orders")


def lock_offers_and_vouchers(basket: Any) -> tuple[list[Any], list[Any]]:
    """Lock the vouchers and offers that Oscar counts when it places this basket.

    Return the vouchers, and the offers that are used up.

    Oscar adds to the counters that the basket's offers had when they were loaded, so the basket gets fresh ones. An
    offer is used up if its limits now allow fewer applications than the basket has, because others used it meanwhile.
    """
    used_up = []
    vouchers = {voucher.pk: voucher for voucher in basket.vouchers.select_for_update()}
    for application in basket.offer_applications:
        offer, voucher = application["offer"], application.get("voucher")
        allowed = offer.get_max_applications(basket.owner)
        fresh = ConditionalOffer.objects.select_for_update().filter(pk=offer.pk).first()
        for name in COUNTED if fresh is not None else ():
            setattr(offer, name, getattr(fresh, name))
        if voucher is not None:
            application["voucher"] = vouchers.get(voucher.pk, voucher)
        if offer.get_max_applications(basket.owner) < min(allowed, application["freq"]):
            used_up.append(offer)
    return list(vouchers.values()), used_up


def lock_stock(stockrecord_ids: Iterable[int]) -> dict[int, Any]:
    """Lock stock records in order of their pk and return them fresh, by pk. Deleted records are missing."""
    records = _locked(StockRecord.objects.filter(pk__in=set(stockrecord_ids)).order_by("pk"))
    return {record.pk: record for record in records}


def lock_statistics(product_ids: Iterable[int]) -> None:
    """Lock what Oscar counts of each product, in order of the products' pk. Oscar counts in the basket's order."""
    list(_locked(ProductRecord.objects.filter(product_id__in=set(product_ids)).order_by("product_id")))


def _locked(rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
    """Lock rows. On PostgreSQL others may share their keys, as Oscar's placement does while it inserts order lines."""
    return rows.select_for_update(no_key=transaction.get_connection().features.has_select_for_no_key_update)
