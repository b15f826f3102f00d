"""Record a payment in Oscar's books, as in its guide to payments."""

from __future__ import annotations

from typing import Any

from oscar.core.loading import get_model


def add_source(view: Any, code: str, total: Any, reference: str) -> None:
    """Add the source and the event of a settled payment to the order that a view is about to place."""
    kind, _ = get_model("payment", "SourceType").objects.get_or_create(code=code, defaults={"name": code.title()})
    amounts = {"amount_allocated": total.incl_tax, "amount_debited": total.incl_tax}
    source = get_model("payment", "Source")(source_type=kind, currency=total.currency, reference=reference, **amounts)
    view.add_payment_source(source)
    view.add_payment_event("Settled", total.incl_tax, reference=reference)
