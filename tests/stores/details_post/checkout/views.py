"""The shop's own chooser, and a ``post`` that takes the card at payment-details itself."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest
from django.shortcuts import redirect
from oscar.apps.checkout import views

from tests.stores import gateway
from tests.stores.card_form import CardForm
from tests.stores.payment_sources import add_source


class ChooserForm(forms.Form):
    """The shop's methods."""

    payment = forms.ChoiceField(choices=[("card", "Card"), ("mpesa", "M-PESA")], widget=forms.RadioSelect)


class PaymentMethodView(views.PaymentMethodView, views.generic.FormView):
    """Show the shop's own chooser."""

    template_name = "details_post/chooser.html"
    form_class = ChooserForm

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self.render_to_response(self.get_context_data(form=self.get_form()))

    def form_valid(self, form: ChooserForm) -> Any:
        self.checkout_session.pay_by(form.cleaned_data["payment"])
        return self.get_success_response()

    def form_invalid(self, form: ChooserForm) -> Any:
        return self.render_to_response(self.get_context_data(form=form))


class PaymentDetailsView(views.PaymentDetailsView):
    """Check the card at once, and charge it when the order is placed."""

    template_name = "details_post/card.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        kwargs.setdefault("card_form", CardForm())
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if self.preview:
            return self.submit(**self.build_submission())
        form = CardForm(request.POST)
        if not form.is_valid():
            return self.render_payment_details(request, card_form=form)
        self.checkout_session._set("payment", "card", gateway.store(form.cleaned_data["number"]))
        return redirect("checkout:preview")

    def handle_payment(self, order_number: str, total: Any, **kwargs: Any) -> None:
        token = self.checkout_session._get("payment", "card")
        add_source(self, "card", total, gateway.charge(order_number, total.incl_tax, card=token))
