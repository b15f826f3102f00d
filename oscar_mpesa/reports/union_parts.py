"""Build the parts of the union that counts open items."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import CharField, Count, DecimalField, Min, Value

from oscar_mpesa.conf import PRODUCTION, get_settings

MONEY: Any = DecimalField(max_digits=14, decimal_places=2)


def environments() -> set[str]:
    """Return the shop's own environment and production: a shop that tests again still owes decisions on real money."""
    return {PRODUCTION, get_settings().environment}


def counted(rows: Any, kind: Any, *, moment: Any, number: Any = None, amount: Any = None, first: Any = None) -> Any:
    """Return one part of the union, with the columns in the same order everywhere.

    The annotations' names must not be columns of any of the tables.
    """
    item_kind = Value(kind, output_field=CharField()) if isinstance(kind, str) else kind
    counts = (
        rows.order_by()
        .annotate(item_kind=item_kind)
        .values("item_kind")
        .annotate(
            item_count=number or Count("pk"),
            item_amount=amount or Value(Decimal(0), output_field=MONEY),
            item_first=first or Min("pk"),
            item_moment=moment,
        )
    )
    return counts.values_list("item_kind", "item_count", "item_amount", "item_first", "item_moment")
