"""Apply the tax of the address, as in Oscar's guide to American taxes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from oscar.apps.checkout import session

RATE = Decimal("0.08875")


class CheckoutSessionMixin(session.CheckoutSessionMixin):
    """Add the tax to the basket and to the shipping charge as soon as both are known."""

    def build_submission(self, **kwargs: Any) -> dict[str, Any]:
        submission: dict[str, Any] = super().build_submission(**kwargs)
        if submission["shipping_address"] and submission["shipping_method"]:
            basket, charge = submission["basket"], submission["shipping_charge"]
            for line in basket.all_lines():
                line.purchase_info.price.tax = _tax(line.line_price_excl_tax_incl_discounts) / line.quantity
            charge.tax = _tax(charge.excl_tax)
            submission["order_total"] = self.get_order_totals(basket, charge, submission["surcharges"])
        return submission

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        context["show_tax_separately"] = True
        return context


def _tax(amount: Decimal) -> Decimal:
    return (amount * RATE).quantize(Decimal("0.01"))
