"""Cash on delivery: nothing is taken now, but the order says how it will be paid."""

from __future__ import annotations

from typing import Any

from oscar.apps.checkout import views
from oscar.core.loading import get_model


class PaymentDetailsView(views.PaymentDetailsView):
    """Oscar's view, with a payment source for what the rider collects."""

    def handle_payment(self, order_number: str, total: Any, **kwargs: Any) -> None:
        """Note the amount as allocated, not debited: it is due at the door."""
        kind, _ = get_model("payment", "SourceType").objects.get_or_create(
            code="cash-on-delivery", defaults={"name": "Cash on delivery"}
        )
        source = get_model("payment", "Source")(
            source_type=kind, currency=total.currency, amount_allocated=total.incl_tax
        )
        self.add_payment_source(source)
        self.add_payment_event("Due on delivery", total.incl_tax)
