"""Oscar's order of locks, which everything that places, releases or takes up an order again has to keep.

Vouchers first, in their model's order; then offers, as they were applied; then stock records, sorted.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from oscar.core.loading import get_model

ConditionalOffer = get_model("offer", "ConditionalOffer")
StockRecord = get_model("partner", "StockRecord")


def lock_offers_and_vouchers(basket: Any) -> None:
    """Lock the vouchers and offers that placing a basket will count, before anything that is locked after them."""
    list(basket.vouchers.select_for_update())
    for application in basket.offer_applications:
        ConditionalOffer.objects.select_for_update().filter(pk=application["offer"].pk).first()


def lock_stock(stockrecord_ids: Iterable[int]) -> dict[int, Any]:
    """The stock records by their pk, sorted, and fresh; those that are deleted are missing.

    PostgreSQL leaves their keys free, which Oscar's placement shares while it writes its lines, in the basket's order.
    """
    no_key = transaction.get_connection().features.has_select_for_no_key_update
    records = StockRecord.objects.select_for_update(no_key=no_key).filter(pk__in=set(stockrecord_ids))
    return {record.pk: record for record in records.order_by("pk")}
