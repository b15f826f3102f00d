"""The shop's front page."""

from __future__ import annotations

from typing import Any

from django.views.generic import TemplateView
from oscar.core.loading import get_model

from oscar_mpesa.checkout.reminders import MpesaReminderMixin

#: How many things the front page shows.
ON_THE_SHELF = 8


class HomeView(MpesaReminderMixin, TemplateView):
    """Welcome, the site offers, the categories and a shelf of things that are in stock; and an order that waits."""

    template_name = "sandbox_site/home.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what the page shows."""
        products = get_model("catalogue", "Product").objects.browsable().base_queryset()
        in_stock = products.filter(stockrecords__num_in_stock__gt=0).order_by("pk")
        offers = get_model("offer", "ConditionalOffer").active.filter(offer_type="Site")
        return super().get_context_data(shelf=in_stock[:ON_THE_SHELF], offers=offers, **kwargs)
