"""Skip the payment details, and take the card with the order."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from oscar.apps.checkout import exceptions, views

from tests.stores import gateway
from tests.stores.card_form import CardForm
from tests.stores.payment_sources import add_source


class PaymentDetailsView(views.PaymentDetailsView):
    """Show only the preview, whose form has the card."""

    template_name_preview = "skipped_details/preview.html"

    def get_skip_conditions(self, request: HttpRequest) -> list[str]:
        return [] if self.preview else ["skip_to_preview"]

    def skip_to_preview(self, request: HttpRequest) -> None:
        raise exceptions.PassedSkipCondition(url=reverse("checkout:preview"))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        kwargs.setdefault("card_form", CardForm())
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context

    def handle_place_order_submission(self, request: HttpRequest) -> Any:
        form = CardForm(request.POST)
        if form.is_valid():
            return self.submit(**self.build_submission(payment_kwargs={"card_form": form}))
        return self.render_preview(request, card_form=form)

    def render_payment_details(self, request: HttpRequest, **kwargs: Any) -> Any:
        return self.render_preview(request, **kwargs)

    def handle_payment(self, order_number: str, total: Any, **kwargs: Any) -> None:
        number = kwargs["card_form"].cleaned_data["number"]
        add_source(self, "card", total, gateway.charge(order_number, total.incl_tax, card=number))
