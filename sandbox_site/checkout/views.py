"""Cash on delivery."""

from __future__ import annotations

from typing import Any

from oscar.apps.checkout import views
from oscar.core.loading import get_model


class PaymentDetailsView(views.PaymentDetailsView):
    """Add a payment source for the cash that the rider collects."""

    def handle_payment(self, order_number: str, total: Any, **kwargs: Any) -> None:
        """Record the amount as allocated and not debited, because it is due on delivery."""
        kind, _ = get_model("payment", "SourceType").objects.get_or_create(
            code="cash-on-delivery", defaults={"name": "Cash on delivery"}
        )
        source = get_model("payment", "Source")(
            source_type=kind, currency=total.currency, amount_allocated=total.incl_tax
        )
        self.add_payment_source(source)
        self.add_payment_event("Due on delivery", total.incl_tax)
