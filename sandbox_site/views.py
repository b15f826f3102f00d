"""The shop's front page."""

from __future__ import annotations

from typing import Any

from django.views.generic import TemplateView
from oscar.core.loading import get_model

from oscar_mpesa.checkout.reminders import MpesaReminderMixin

#: Number of products on the front page.
MAX_PRODUCTS = 8


class HomeView(MpesaReminderMixin, TemplateView):
    """Show the site's offers, products in stock and the reminder of an unpaid order."""

    template_name = "sandbox_site/home.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add products and offers."""
        products = get_model("catalogue", "Product").objects.browsable().base_queryset()
        in_stock = products.filter(stockrecords__num_in_stock__gt=0).order_by("pk")
        offers = get_model("offer", "ConditionalOffer").active.filter(offer_type="Site")
        return super().get_context_data(products=in_stock[:MAX_PRODUCTS], offers=offers, **kwargs)
