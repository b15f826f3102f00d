"""Oscar's views, with a card that is carried through the preview."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from oscar.apps.checkout import views
from oscar.apps.checkout.views import (
    IndexView,
    PaymentMethodView,
    ShippingAddressView,
    ShippingMethodView,
    ThankYouView,
    UserAddressDeleteView,
    UserAddressUpdateView,
)

from tests.stores import gateway
from tests.stores.card_form import CardForm
from tests.stores.payment_sources import add_source

__all__ = [
    "IndexView",
    "PaymentDetailsView",
    "PaymentMethodView",
    "ShippingAddressView",
    "ShippingMethodView",
    "ThankYouView",
    "UserAddressDeleteView",
    "UserAddressUpdateView",
]


class PaymentDetailsView(views.PaymentDetailsView):
    """Take a card, carry it through the preview, and charge it before the order is placed."""

    template_name = "direct_urls/card.html"
    template_name_preview = "direct_urls/preview.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        kwargs.setdefault("card_form", CardForm())
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context

    def handle_payment_details_submission(self, request: HttpRequest) -> Any:
        form = CardForm(request.POST)
        render = self.render_preview if form.is_valid() else self.render_payment_details
        return render(request, card_form=form)

    def handle_place_order_submission(self, request: HttpRequest) -> Any:
        form = CardForm(request.POST)
        if form.is_valid():
            return self.submit(**self.build_submission(payment_kwargs={"card_form": form}))
        return self.render_payment_details(request, card_form=form)

    def handle_payment(self, order_number: str, total: Any, **kwargs: Any) -> None:
        number = kwargs["card_form"].cleaned_data["number"]
        add_source(self, "card", total, gateway.charge(order_number, total.incl_tax, card=number))
