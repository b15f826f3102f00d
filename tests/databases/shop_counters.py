"""Assert that what Oscar counts outside orders is what the open orders hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Sum
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaOrder

ConditionalOffer = get_model("offer", "ConditionalOffer")
Line = get_model("order", "Line")
OrderDiscount = get_model("order", "OrderDiscount")
ProductRecord = get_model("analytics", "ProductRecord")
StockRecord = get_model("partner", "StockRecord")
Voucher = get_model("voucher", "Voucher")


def assert_counters_agree() -> None:
    """Assert that stock, offers, vouchers and products are counted once for each open order, and for no other."""
    closed = list(MpesaOrder.objects.exclude(closed_at=None).values_list("pk", flat=True))
    lines = Line.objects.exclude(order__in=closed)
    tracked = lines.filter(product__product_class__track_stock=True)
    given = OrderDiscount.objects.exclude(order__in=closed)
    assert not OrderDiscount.objects.filter(order__in=closed, frequency__gt=0).exists()
    assert counted(StockRecord, "num_allocated") == sums(tracked, "stockrecord_id", "quantity")
    assert counted(ProductRecord, "num_purchases", by="product_id") == sums(lines, "product_id", "quantity")
    assert counted(ConditionalOffer, "num_applications") == sums(given, "offer_id", "frequency")
    assert counted(ConditionalOffer, "total_discount") == sums(given, "offer_id", "amount")
    assert counted(Voucher, "total_discount") == sums(given.exclude(voucher_id=None), "voucher_id", "amount")
    for voucher in Voucher.objects.all():
        orders = set(given.filter(voucher_id=voucher.pk).values_list("order_id", flat=True))
        assert voucher.num_orders == len(orders)
        assert set(voucher.applications.values_list("order_id", flat=True)) == orders


def counted(model: Any, column: str, by: str = "pk") -> dict[int, Any]:
    """Read a counter of each row, without zeros."""
    return without_zeros(model.objects.values_list(by, column))


def sums(rows: Any, by: str, column: str) -> dict[int, Any]:
    """Add up a column of the orders' own rows, without zeros."""
    return without_zeros(rows.order_by().values_list(by).annotate(total=Sum(column)))


def without_zeros(pairs: Iterable[tuple[int, Any]]) -> dict[int, Any]:
    return {key: value for key, value in pairs if value}
