"""Keep the token of a card in the session, and let nobody preview an order without one."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import reverse
from oscar.apps.checkout import exceptions, views

from tests.stores import gateway
from tests.stores.card_form import CardForm
from tests.stores.payment_sources import add_source


class PaymentDetailsView(views.PaymentDetailsView):
    """Ask for a card, and charge it when the order is placed."""

    template_name = "card_guard/card.html"

    def check_payment_data_is_captured(self, request: HttpRequest) -> None:
        if not request.session.get("card_token"):
            message = "Enter the number of your card."
            raise exceptions.FailedPreCondition(url=reverse("checkout:payment-details"), message=message)

    def get_pre_conditions(self, request: HttpRequest) -> list[str]:
        conditions: list[str] = super().get_pre_conditions(request)
        is_details_form = request.method == "POST" and request.POST.get("action") != "place_order"
        return [each for each in conditions if each != "check_payment_data_is_captured" or not is_details_form]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        kwargs.setdefault("card_form", CardForm())
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context

    def handle_payment_details_submission(self, request: HttpRequest) -> Any:
        form = CardForm(request.POST)
        if not form.is_valid():
            return self.render_payment_details(request, card_form=form)
        request.session["card_token"] = gateway.store(form.cleaned_data["number"])
        return redirect("checkout:preview")

    def handle_payment(self, order_number: str, total: Any, **kwargs: Any) -> None:
        token = self.request.session["card_token"]
        add_source(self, "card", total, gateway.charge(order_number, total.incl_tax, card=token))
