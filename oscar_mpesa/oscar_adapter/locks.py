"""Lock rows in Oscar's order, to avoid deadlocks between placing, closing and reopening orders.

Lock vouchers first, in their model's order; then offers, as they were applied; then stock records by id.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from oscar.core.loading import get_model

ConditionalOffer = get_model("offer", "ConditionalOffer")
StockRecord = get_model("partner", "StockRecord")

#: Fields of an offer that Oscar writes when it places a basket.
COUNTED = ("status", "num_applications", "total_discount", "num_orders")


def lock_offers_and_vouchers(basket: Any) -> None:
    """Lock the vouchers and offers that Oscar counts when it places this basket.

    Oscar adds to the counters that the basket's offers had when they were loaded, so the basket gets fresh ones.
    """
    vouchers = {voucher.pk: voucher for voucher in basket.vouchers.select_for_update()}
    for application in basket.offer_applications:
        offer, voucher = application["offer"], application.get("voucher")
        fresh = ConditionalOffer.objects.select_for_update().filter(pk=offer.pk).first()
        for name in COUNTED if fresh is not None else ():
            setattr(offer, name, getattr(fresh, name))
        if voucher is not None:
            application["voucher"] = vouchers.get(voucher.pk, voucher)


def lock_stock(stockrecord_ids: Iterable[int]) -> dict[int, Any]:
    """Lock stock records in order of their pk and return them fresh, by pk. Deleted records are missing.

    On PostgreSQL this takes ``FOR NO KEY UPDATE``: Oscar's placement shares the keys while it inserts order lines.
    """
    no_key = transaction.get_connection().features.has_select_for_no_key_update
    records = StockRecord.objects.select_for_update(no_key=no_key).filter(pk__in=set(stockrecord_ids))
    return {record.pk: record for record in records.order_by("pk")}
